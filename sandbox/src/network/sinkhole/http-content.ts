/** What a request is answered with: harmless, and close enough to what was asked for that the sample goes on. */
export interface HttpContent {
  readonly kind: "html" | "json" | "script" | "program" | "text" | "archive" | "image";
  readonly contentType: string;
  readonly body: Buffer;
}

export interface HttpQuestion {
  readonly method: string;
  readonly host: string;
  /** Path of the target, without query. */
  readonly path: string;
  readonly accept: string;
  readonly userAgent: string;
}

const SCRIPT = "#!/bin/sh\necho ok\nexit 0\n";
const HTML = "<!doctype html>\n<html><head><title>Welcome</title></head><body><h1>Welcome</h1></body></html>\n";
const JSON_TEXT = '{"status":"ok","ok":true,"success":true,"result":{},"data":[]}\n';
const OUTSIDE_ADDRESS = "203.0.113.77\n";
const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");
/** Deflated empty input, and the end record of a zip archive without entries. */
const EMPTY_GZIP = Buffer.from("1f8b080000000000000303000000000000000000", "hex");
const EMPTY_ZIP = Buffer.from(`504b0506${"00".repeat(18)}`, "hex");

const text =
  (contentType: string, body: string, kind: HttpContent["kind"] = "text") =>
  (): HttpContent => ({
    kind,
    contentType,
    body: Buffer.from(body),
  });
const archive = (contentType: string, body: Buffer) => (): HttpContent => ({ kind: "archive", contentType, body });

const BY_EXTENSION: Readonly<Record<string, () => HttpContent>> = {
  sh: text("text/x-sh", SCRIPT, "script"),
  bash: text("text/x-sh", SCRIPT, "script"),
  py: text("text/x-python", 'print("ok")\n', "script"),
  pl: text("text/x-perl", 'print "ok\\n";\n', "script"),
  rb: text("text/x-ruby", 'puts "ok"\n', "script"),
  js: text("text/javascript", 'console.log("ok");\n', "script"),
  mjs: text("text/javascript", 'console.log("ok");\n', "script"),
  ps1: text("text/plain", 'Write-Output "ok"\n', "script"),
  json: text("application/json", JSON_TEXT, "json"),
  xml: text("application/xml", '<?xml version="1.0"?>\n<ok/>\n'),
  txt: text("text/plain", "ok\n"),
  css: text("text/css", "body{}\n"),
  html: text("text/html", HTML, "html"),
  htm: text("text/html", HTML, "html"),
  php: text("text/html", HTML, "html"),
  gz: archive("application/gzip", EMPTY_GZIP),
  tgz: archive("application/gzip", EMPTY_GZIP),
  zip: archive("application/zip", EMPTY_ZIP),
  gif: () => ({ kind: "image", contentType: "image/gif", body: PIXEL }),
  png: () => ({ kind: "image", contentType: "image/gif", body: PIXEL }),
  jpg: () => ({ kind: "image", contentType: "image/gif", body: PIXEL }),
  ico: () => ({ kind: "image", contentType: "image/gif", body: PIXEL }),
};

const PROGRAM_EXTENSION =
  /^(bin|elf|exe|out|so|run|x86|x86_64|x64|i[3-6]86|amd64|arm\w*|aarch64|mips\w*|mpsl|ppc\w*|sh4|m68k|spc)$/;
const SCRIPT_PATH =
  /(^|[/._-])(sh|bash|script|install|installer|setup|init|run|get|bootstrap|update|deploy|start|loader)(?=$|[/._-])/;
const ADDRESS_HOST = /(^|\.)(ipify|ifconfig|icanhazip|checkip|ipinfo|ident|wtfismyip|myip|whatismyip)[.-]/;

/** `program` is the executable that is served to who asks for one. Path and header values are hostile, and only compared. */
export function contentFor(question: HttpQuestion, program: Buffer): HttpContent {
  const executable = (): HttpContent => ({
    kind: "program",
    contentType: "application/octet-stream",
    body: program,
  });
  const { accept, path } = question;
  const extension = /\.([A-Za-z0-9_]{1,8})$/.exec(path)?.[1]?.toLowerCase() ?? "";
  const known = Object.hasOwn(BY_EXTENSION, extension) ? BY_EXTENSION[extension] : undefined;
  if (known) return known();
  if (PROGRAM_EXTENSION.test(extension)) return executable();
  if (/\bjson\b/.test(accept)) return text("application/json", JSON_TEXT, "json")();
  if (/\btext\/html\b/.test(accept)) return text("text/html", HTML, "html")();
  if (/octet-stream/.test(accept)) return executable();
  if (!["GET", "HEAD"].includes(question.method)) return text("application/json", JSON_TEXT, "json")();
  return (
    contentForAnything(question) ?? (path === "/" || path === "" ? text("text/html", HTML, "html")() : executable())
  );
}

/** A client that takes anything: a downloader, most likely, and what it will do with the answer shows in the names. */
function contentForAnything(question: HttpQuestion): HttpContent | null {
  const host = question.host.toLowerCase();
  if (ADDRESS_HOST.test(host)) return text("text/plain", OUTSIDE_ADDRESS)();
  const root = question.path === "/" || question.path === "";
  const names = root ? (host.split(".")[0] ?? "") : question.path.toLowerCase();
  const isDownloader =
    question.userAgent === "" || /^(curl|wget|fetch|busybox|lwp|python|go-http)/i.test(question.userAgent);
  return isDownloader && SCRIPT_PATH.test(names) ? text("text/x-sh", SCRIPT, "script")() : null;
}
