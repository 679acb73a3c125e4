/** The page's one style sheet; its hash stands in the page's own content policy. */
export const STYLE = `
:root { color-scheme: light dark; --text: #1c2128; --muted: #59636e; --line: #d1d9e0; --page: #ffffff; --panel: #f6f8fa;
  --malicious: #b3261e; --suspicious: #9a6700; --benign: #1a7f37; --unknown: #6639ba; --code: #0550ae; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --muted: #9198a1; --line: #3d444d; --page: #0d1117;
  --panel: #151b23; --malicious: #ff7b72; --suspicious: #e3b341; --benign: #56d364; --unknown: #bc8cff; --code: #79c0ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 76rem; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); }
code, pre, td.mono { font: 13px/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; overflow-x: auto; margin: 0; }
header { border: 1px solid var(--line); border-left: .5rem solid var(--muted); border-radius: 6px; padding: 1rem 1.25rem; }
header.malicious { border-left-color: var(--malicious); } header.suspicious { border-left-color: var(--suspicious); }
header.benign { border-left-color: var(--benign); } header.unknown { border-left-color: var(--unknown); }
.malicious h1, .critical, .bad { color: var(--malicious); } .suspicious h1, .high, .warn { color: var(--suspicious); }
.benign h1, .good { color: var(--benign); } .unknown h1 { color: var(--unknown); }
meter { width: 14rem; vertical-align: middle; } .muted { color: var(--muted); } .level { font-weight: 700; }
dl { display: grid; grid-template-columns: 8rem 1fr; gap: .25rem 1rem; margin: .5rem 0; } dt { color: var(--muted); } dd { margin: 0; }
details { border: 1px solid var(--line); border-radius: 6px; padding: .5rem .75rem; margin: .5rem 0; background: var(--panel); }
summary { cursor: pointer; } ol { margin: .5rem 0 0; padding: 0; list-style: none; }
ol li { display: grid; grid-template-columns: 5rem 1fr; gap: .5rem; padding: .1rem 0; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .2rem .75rem .2rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); } th { color: var(--muted); font-weight: 500; }
.chip { border: 1px solid var(--line); border-radius: 1rem; padding: 0 .5rem; font-size: .85rem; white-space: nowrap; }
footer { margin-top: 2rem; color: var(--muted); font-size: .85rem; }
@media print { body { max-width: none; padding: 0; } details { break-inside: avoid; } }
`;
