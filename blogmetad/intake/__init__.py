"""From a drafts folder to drafts: ``watch`` hints that something happened, ``scan`` tells what is there, ``settle``
when it has stopped changing, ``draft`` what is in it."""
