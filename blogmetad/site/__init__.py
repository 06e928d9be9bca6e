"""The blog that posts are published to: ``jekyll`` knows its conventions, ``index`` what is published already."""
