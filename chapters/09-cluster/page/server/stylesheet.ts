/** How the page looks, light and dark, as the browser is set. Given. No font or picture is loaded. */

export const STYLESHEET = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --ink: #1b1f24; --fine: #57606a; --line: #d0d7de;
  --link: #0b57c2; --mark: #fff3c4;
  --ready: #1a7f37; --unready: #9a6700; --waiting: #57606a; --done: #3b5fa8; --failed: #cf222e; --going: #8250df;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --card: #161b22; --ink: #e6edf3; --fine: #9aa4af; --line: #30363d;
    --link: #79b8ff; --mark: #3d3200;
    --ready: #4ac26b; --unready: #e3b341; --waiting: #9aa4af; --done: #8db4ff; --failed: #ff7b72; --going: #c297ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
h1, h2, h3, h4, p, ul, ol, dl, dd { margin: 0; padding: 0; }
ul, ol { list-style: none; }
h1 { font-size: 1.15rem; } h2 { font-size: 1.05rem; } h3 { font-size: 0.95rem; } h4 { font-size: 0.85rem; }
a { color: var(--link); }
code, td code { font: 0.85em/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
small, .fine, dt, caption, time { color: var(--fine); font-size: 0.85rem; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
[tabindex="-1"]:focus { outline: none; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 0.5rem; top: 0.5rem; background: var(--card); padding: 0.4rem; z-index: 1; }
header { display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; align-items: center; padding: 0.6rem 1rem; background: var(--card); border-bottom: 1px solid var(--line); }
nav ul { display: flex; gap: 0.25rem; }
nav a { padding: 0.3rem 0.7rem; border-radius: 0.4rem; text-decoration: none; }
nav a[aria-current] { background: var(--link); color: var(--card); }
.figures { display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; margin-left: auto; }
.figures div { display: flex; gap: 0.35rem; align-items: baseline; }
.figures dd, .number { font-variant-numeric: tabular-nums; }
.connection::before { content: '● '; color: var(--waiting); }
.connection.live::before { color: var(--ready); }
.connection.lost { color: var(--failed); }
.connection.lost::before { content: '✕ '; color: inherit; }
main { padding: 1rem; }
.columns { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr) 22rem; align-items: start; }
.columns > * { min-width: 0; }
.columns.services { grid-template-columns: 18rem minmax(0, 1fr); }
@media (max-width: 60rem) { .columns, .columns.services { grid-template-columns: minmax(0, 1fr); } }
.head { display: flex; flex-wrap: wrap; gap: 0.4rem 1rem; align-items: center; }
.wide > * + * { margin-top: 0.8rem; }
.wait { padding: 1rem 0; color: var(--fine); }
.cards { display: grid; gap: 0.8rem; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
.card, .panel, .events, .list { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.7rem; min-width: 0; }
.card.down { border-color: var(--failed); border-style: dashed; }
.card.cordoned { background: repeating-linear-gradient(-45deg, var(--card) 0 12px, var(--ground) 12px 24px); }
.card.homeless { border-style: dotted; }
.badge { border: 1px solid currentColor; border-radius: 1rem; padding: 0 0.5rem; font-size: 0.8rem; color: var(--unready); }
.badge.bad { color: var(--failed); }
.pods { display: flex; flex-wrap: wrap; gap: 0.3rem; margin-top: 0.5rem; }
.pod { display: inline-flex; gap: 0.3rem; align-items: baseline; max-width: 100%; padding: 0.1rem 0.5rem; border: 1px solid var(--line); border-left: 4px solid currentColor; border-radius: 0.3rem; background: var(--ground); text-decoration: none; font-size: 0.85rem; overflow-wrap: anywhere; }
.pod span + span { color: var(--ink); }
.pod[aria-current] { background: var(--mark); }
.dense .pod { border-left-width: 1px; padding: 0 0.15rem; }
.ready { color: var(--ready); } .unready { color: var(--unready); } .waiting { color: var(--waiting); }
.done { color: var(--done); } .failed { color: var(--failed); } .going { color: var(--going); }
.pod.going { border-style: dashed; opacity: 0.75; }
.legend { display: flex; flex-wrap: wrap; gap: 0 0.8rem; font-size: 0.8rem; }
.events ol { margin-top: 0.5rem; max-height: 75vh; overflow-y: auto; }
.events li { padding: 0.35rem 0; border-top: 1px solid var(--line); font-size: 0.85rem; overflow-wrap: anywhere; }
.events li p:first-child { display: flex; flex-wrap: wrap; gap: 0 0.5rem; align-items: baseline; }
.events .warning strong { color: var(--failed); }
.events time { display: inline-block; min-width: 2.4rem; }
.about { color: var(--fine); }
.panel { border-color: var(--link); }
.panel > * + * { margin-top: 0.6rem; }
.close { margin-left: auto; }
.facts { display: flex; flex-wrap: wrap; gap: 0.3rem 1.5rem; }
.big dd { font-size: 1.6rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; }
caption { text-align: left; padding-bottom: 0.3rem; }
th, td { padding: 0.25rem 0.6rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
.number { text-align: right; white-space: nowrap; }
.chosen { background: var(--mark); }
.refused, .error { color: var(--failed); }
.writes { width: 100%; }
.writes .delete td { color: var(--failed); }
.writes .create td { color: var(--ready); }
.bars { width: 100%; height: 60px; margin: 0.8rem 0; fill: var(--link); background: var(--card); border: 1px solid var(--line); }
.list li a { display: block; padding: 0.4rem; border-radius: 0.3rem; text-decoration: none; color: inherit; overflow-wrap: anywhere; }
.list li a[aria-current] { background: var(--mark); }
.list .fine { display: block; }
input, select, button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 0.3rem; padding: 0.25rem 0.5rem; max-width: 100%; }
button { cursor: pointer; } button:disabled { opacity: 0.5; cursor: default; }
.walk { display: flex; flex-wrap: wrap; gap: 0.6rem; align-items: end; }
.walk label { display: grid; grid-template-columns: minmax(0, 1fr); max-width: 100%; font-size: 0.85rem; }
.walk button { background: var(--link); color: var(--card); }
.way > * + * { margin-top: 0.4rem; }
.verdict.accept { color: var(--ready); } .verdict.drop, .verdict.reject { color: var(--failed); }
.packet { padding: 0.4rem; background: var(--card); border: 1px solid var(--line); border-radius: 0.3rem; }
.way ol { font: 0.82rem/1.6 ui-monospace, monospace; }
.way li { cursor: pointer; padding: 0 0.4rem; overflow-wrap: anywhere; }
.way li.here { background: var(--mark); } .way li.later { opacity: 0.6; }
.place { display: block; font-weight: 600; }
.depth-0 { padding-left: 1rem; } .depth-1 { padding-left: 2rem; } .depth-2 { padding-left: 3rem; }
.depth-3 { padding-left: 4rem; } .depth-4 { padding-left: 5rem; } .depth-5 { padding-left: 6rem; }
.chain + .chain { margin-top: 0.6rem; }
.chain ol { list-style: decimal; padding-left: 2.5rem; }
.chain li.met { background: var(--mark); }
@media (prefers-reduced-motion: no-preference) { .pod { animation: arrive 0.4s; } }
@keyframes arrive { from { opacity: 0; transform: scale(0.8); } }
`;
