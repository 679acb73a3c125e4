export { renderHtml } from "./html/page.ts";
export { renderJson } from "./json.ts";
export { renderJunit } from "./junit.ts";
export { renderMarkdown } from "./markdown.ts";
export { formatScore } from "./quantity.ts";
export { renderSarif } from "./sarif.ts";
export { renderTable, type TableOptions } from "./table/table.ts";
export { type BriefOptions, renderBrief } from "./table/verdict-line.ts";
