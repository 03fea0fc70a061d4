import { createHash } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import { messagesScript } from './messages-page.script.js';

const style = `
body { font: 1rem/1.5 system-ui, sans-serif; margin: 1.5rem; color: #111; background: #fff }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; font-size: .9rem }
caption { text-align: left; font-weight: 600 }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #ccc; vertical-align: top; overflow-wrap: anywhere }
form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: 1rem 0 }
label { display: block } input, select, textarea, button { font: inherit; padding: .3rem .5rem; border: 1px solid #555; border-radius: 4px }
button { background: #0b4a8f; color: #fff; border-color: #0b4a8f; cursor: pointer }
:focus-visible { outline: 3px solid #b45f00; outline-offset: 2px }
.parked { color: #9b1c1c; font-weight: 600 } .waiting, .replaying { color: #7a4a00 }
[hidden] { display: none } textarea { width: 100%; box-sizing: border-box } dialog { max-width: 34rem }
#content { max-width: 90vw } pre { overflow: auto; max-height: 60vh; white-space: pre-wrap; overflow-wrap: anywhere }
`;

const states = ['', 'parked', 'waiting', 'replaying', 'accepted', 'mapped', 'skipped', 'refused'];
const escape = (text: string): string => text.replace(/[&<>"']/g, (one) => `&#${String(one.codePointAt(0))};`);
const head = (...names: string[]) =>
  `<thead><tr>${names.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead>`;

const page = (institution: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Messages of ${escape(institution)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Messages of ${escape(institution)}</h1>
<p id="status" role="status"></p>
<p id="in"><a href="/session/login?to=/messages">Sign in</a></p>
<p id="out" hidden><span id="who"></span> <button id="signout" type="button">Sign out</button></p>
<div id="work" hidden>
<table><caption>Lag of feeds</caption>${head('Feed', 'On their way', 'Oldest', 'Parked', 'Waiting')}<tbody id="feeds"></tbody></table>
<div id="others" hidden><table><caption>Parked at other roles</caption>${head('Role', 'Since', 'State', 'Why', 'Event', 'Mend')}<tbody id="elsewhere"></tbody></table></div>
<form id="filter">
<div><label for="state">State</label><select id="state">${states.map((name) => `<option value="${name}">${name || 'any'}</option>`).join('')}</select></div>
<div><label for="feed">Feed</label><input id="feed" maxlength="64"></div>
<div><label for="code">Problem</label><input id="code" maxlength="64" placeholder="record.unmappable"></div>
<button type="submit">Show</button>
</form>
<table><caption>Messages, the newest first</caption>${head('Received', 'State', 'Feed', 'Patient', 'Why', 'Message', 'Mend')}<tbody id="messages"></tbody></table>
<p id="none" hidden>No such message.</p>
<p><button id="more" type="button" hidden>Older ones</button></p>
</div>
<dialog id="ask" aria-labelledby="asking"><form method="dialog">
<div><h2 id="asking"></h2><p><span id="about"></span> <span id="asked"></span></p>
<label for="reason">Why (kept and audited; must not speak of the patient)</label><textarea id="reason" required rows="3"></textarea></div>
<button id="yes" value="yes"></button> <button value="no" formnovalidate>Leave it</button>
</form></dialog>
<dialog id="content" aria-labelledby="named"><h2 id="named">Content</h2><pre id="bytes" tabindex="0"></pre>
<form method="dialog"><button>Close</button></form></dialog>
</main>
<script>${messagesScript}</script>
</body>
</html>
`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Answers `GET /messages` of a browser with the message browser's page; programs, which ask for JSON, are passed on. */
export function messagesPage(institution: string) {
  const html = page(institution);
  const csp = [
    "default-src 'none'",
    `script-src ${hashOf(messagesScript)}`,
    `style-src ${hashOf(style)}`,
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
  return (req: Request, res: Response, next: NextFunction): void => {
    const browser = req.headers.authorization === undefined && (req.headers.accept ?? '').includes('text/html');
    if (req.method !== 'GET' || req.path !== '/messages' || !browser) return next();
    res
      .status(200)
      .set({
        'content-security-policy': csp,
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      })
      .type('html')
      .send(html);
  };
}
