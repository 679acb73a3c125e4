export { renderJson } from "./json.ts";
export { renderTable, type TableOptions } from "./table/table.ts";
