/** The page's whole script, as a browser runs it: no framework, nothing written but by textContent. It never sees a token. */
export const messagesScript = `'use strict';
const $ = (id) => document.getElementById(id);
let csrf, next, roles = [];
const say = (text) => { $('status').textContent = text; };
async function comeIn() {
  const answer = await fetch('/session');
  if (answer.status === 401) return;
  if (!answer.ok) return say('Nobody can be signed in now. Try again in a moment.');
  const who = await answer.json();
  csrf = who.csrf; roles = who.roles;
  $('who').textContent = who.username + ' at ' + who.institution;
  $('in').hidden = true; $('out').hidden = false; $('work').hidden = false;
  await refresh();
}
async function signOut() {
  // also when the page is left at once
  const answer = await fetch('/session/logout', { method: 'POST', keepalive: true, headers: { 'x-medshare-csrf': csrf } });
  if (!answer.ok) return say('You are not signed out. Close the browser.');
  location.assign((await answer.json()).location);
}
async function call(path, body, text) {
  const headers = { 'x-medshare-csrf': csrf, accept: text ? '*/*' : 'application/json', ...(body && { 'content-type': 'application/json' }) };
  const answer = await fetch(path, { headers, ...(body && { method: 'POST', body: JSON.stringify(body) }) });
  if (answer.ok && text) return answer.text();
  const found = await answer.json().catch(() => ({}));
  if (answer.ok) return found;
  if (answer.status === 401) { $('in').hidden = false; $('out').hidden = true; throw new Error('Your sign-in is over: sign in again.'); }
  throw new Error((found.title || 'It failed') + ' (' + (found.code || answer.status) + (found.where ? ', ' + found.where : '') + ')');
}
const cell = (row, text) => { const td = row.insertCell(); td.textContent = text ?? ''; return td; };
const button = (td, label, name, work) => {
  const one = document.createElement('button');
  one.type = 'button'; one.textContent = label; one.setAttribute('aria-label', label + ' ' + name);
  one.addEventListener('click', () => guarded(work)); td.append(one, ' ');
};
const when = (iso) => iso ? iso.slice(0, 19).replace('T', ' ') + 'Z' : '';
const guarded = (work) => work().catch((error) => say(error.message));
const askWhy = ({ title, about, id, yes, longest }, work) => {
  $('asking').textContent = title; $('about').textContent = about; $('asked').textContent = id; $('yes').textContent = yes;
  $('reason').value = ''; $('reason').maxLength = longest;
  // a dialog that is left by Escape keeps what it was closed with before
  $('ask').returnValue = ''; $('ask').showModal();
  $('ask').onclose = () => { if ($('ask').returnValue === 'yes') guarded(() => work($('reason').value)); };
};
const mend = (role, id) => [
  ['Replay', async () => { const { events } = await call('/parked/' + role + '/replay', { id }); say('Sent again with what waited behind it: ' + events + '.'); await refresh(true); }],
  ['Skip', async () => askWhy({ title: 'Give it up?', about: 'It counts as done, and its patient’s later messages go on:', id, yes: 'Skip', longest: 1000 }, async (reason) => {
    await call('/parked/' + role + '/skip', { id, reason }); say('Given up; what waited behind it goes on.'); await refresh(true);
  })],
];
const look = (id) => ['Content', async () => askWhy({ title: 'Read it?', about: 'It is a patient’s. That you read it is an entry of the audit log:', id, yes: 'Read', longest: 200 }, async (reason) => {
  // segments of HL7 v2 end with a carriage return, which a page does not show as an end of line
  $('bytes').textContent = (await call('/messages/' + encodeURIComponent(id) + '/content', { reason }, true)).replace(/\\r\\n?/g, '\\n');
  $('content').onclose = () => { $('bytes').textContent = ''; };
  $('content').showModal();
})];
async function load(more) {
  const state = $('state').value, query = new URLSearchParams({ limit: '50' });
  if (state && state !== 'refused') query.set('state', state);
  if ($('feed').value) query.set('feed', $('feed').value);
  if ($('code').value) query.set('code', $('code').value);
  if (more && next !== null) query.set('before', next);
  const found = await call('/messages' + (state === 'refused' ? '/refused' : '') + '?' + query);
  if (!more) $('messages').replaceChildren();
  for (const each of found.messages || []) {
    const row = $('messages').insertRow();
    cell(row, when(each.receivedAt)); cell(row, each.state).className = each.state; cell(row, each.feed); cell(row, each.stream.slice(0, 8));
    cell(row, each.problem ? each.problem + (each.where ? ' at ' + each.where : '') : ''); cell(row, each.id);
    const deeds = row.insertCell();
    const able = [...(each.state === 'parked' ? mend('ingest', each.id) : []), ...(roles.includes('content-reader') ? [look(each.id)] : [])];
    for (const [label, work] of able) button(deeds, label, each.id, work);
  }
  for (const each of found.refusals || []) {
    const row = $('messages').insertRow();
    cell(row, when(each.time)); cell(row, 'refused').className = 'parked'; cell(row, each.feed); cell(row, '');
    cell(row, each.problems.map(({ code, where }) => code + (where ? ' at ' + where : '')).join('; ')); cell(row, each.id); cell(row, '');
  }
  next = found.next; $('more').hidden = next === null;
  $('none').hidden = $('messages').rows.length > 0;
}
async function overview() {
  const [{ feeds }, { roles }] = await Promise.all([call('/messages/feeds'), call('/parked')]);
  $('feeds').replaceChildren();
  for (const each of feeds) { const row = $('feeds').insertRow(); cell(row, each.feed); cell(row, each.unprocessed); cell(row, when(each.oldestAt)); cell(row, each.parked); cell(row, each.waiting); }
  $('elsewhere').replaceChildren();
  for (const { role } of roles.filter((each) => each.role !== 'ingest' && each.streams > 0)) {
    const { events } = await call('/parked/' + role + '?first=true&limit=100');
    for (const each of events) { const row = $('elsewhere').insertRow(); cell(row, role); cell(row, when(each.since)); cell(row, each.state); cell(row, each.problem + (each.where ? ' at ' + each.where : '')); cell(row, each.id); const deeds = row.insertCell(); if (each.state === 'parked') for (const [label, work] of mend(role, each.id)) button(deeds, label, each.id, work); }
  }
  $('others').hidden = $('elsewhere').rows.length === 0;
}
async function refresh(quiet) { await Promise.all([load(false), overview()]); if (!quiet) say(''); }
$('signout').addEventListener('click', () => guarded(signOut));
$('filter').addEventListener('submit', (event) => { event.preventDefault(); guarded(refresh); });
$('more').addEventListener('click', () => guarded(() => load(true)));
guarded(comeIn);
`;
