# Jekyll itself, asked by tests/jekyll.py.
#   ruby jekyll.rb documents      a file in Base64 a line; what Jekyll reads of it, as JSON a line
#   ruby jekyll.rb site FOLDER    the posts of a site as Jekyll publishes them, as JSON; nothing is rendered
#   ruby jekyll.rb liquid         a body in Base64 a line; what Liquid says of it, as JSON a line, nothing if it is well
require "jekyll"
require "json"

Jekyll.logger.log_level = :error

def plain(value)
  case value
  when Time then { "time" => value.getutc.strftime("%Y-%m-%dT%H:%M:%S") }
  when Date then { "date" => value.iso8601 }
  when Float then { "float" => value.to_s }
  when Array then value.map { |item| plain(item) }
  when Hash then { "map" => value.map { |key, inner| [plain(key), plain(inner)] } }
  when String, Integer, true, false, nil then value
  else { value.class.to_s => value.to_s }
  end
end

def document(raw)
  return { "body" => [raw].pack("m0") } unless raw =~ Jekyll::Document::YAML_FRONT_MATTER_REGEXP

  body = Regexp.last_match.post_match
  { "body" => [body].pack("m0"), "fields" => plain(Jekyll::Utils.safe_load_yaml(Regexp.last_match(1))) }
rescue StandardError => e
  { "error" => "#{e.class}: #{e.message}" }
end

def post(doc)
  { "path" => doc.relative_path, "url" => doc.url, "title" => plain(doc.data["title"]), "tags" => plain(doc.data["tags"]),
    "categories" => plain(doc.data["categories"]), "date" => doc.date.iso8601, "file" => doc.destination("/") }
rescue StandardError => e
  { "path" => doc.relative_path, "error" => "#{e.class}: #{e.message}" }
end

def liquid(body)
  Liquid::Template.parse(body)
  ""
rescue Liquid::SyntaxError, SyntaxError => e
  e.message
end

if ARGV[0] == "liquid"
  Liquid::Template.error_mode = Jekyll.configuration("quiet" => true)["liquid"]["error_mode"].to_sym
  $stdin.each_line do |line|
    puts JSON.generate(liquid(line.strip.unpack1("m0").force_encoding("UTF-8")))
    $stdout.flush
  end
elsif ARGV[0] == "documents"
  $stdin.each_line do |line|
    puts JSON.generate(document(line.strip.unpack1("m0").force_encoding("UTF-8")))
    $stdout.flush
  end
else
  site = Jekyll::Site.new(Jekyll.configuration("source" => ARGV[1], "quiet" => true, "disable_disk_cache" => true))
  site.reset
  site.read
  puts JSON.generate(site.posts.docs.map { |doc| post(doc) })
end
