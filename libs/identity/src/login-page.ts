/** What the page says; the failure is the same for a wrong name and a wrong password. */
const failures = {
  wrong: 'The name or the password is wrong.',
  locked: 'Too many attempts. Try again in five minutes.',
  unrecorded: 'The sign-in cannot be recorded now. Try again in a moment.',
};
export type LoginFailure = keyof typeof failures;

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)!.toString()};`);

/** The sign-in page: no script, labels on every field, the failure announced to screen readers. */
export function loginPage(institution: string, failure?: LoginFailure): string {
  const alert = failure === undefined ? '' : `<p role="alert" id="failure">${failures[failure]}</p>`;
  const described = failure === undefined ? '' : ' aria-invalid="true" aria-describedby="failure"';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in to ${escape(institution)}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 22rem; margin: 4rem auto; padding: 0 1rem; color: #111; background: #fff }
label { display: block; margin-top: 1rem }
input, button { font: inherit; width: 100%; padding: .5rem; box-sizing: border-box; border: 1px solid #555; border-radius: 4px }
button { margin-top: 1.5rem; background: #0b4a8f; color: #fff; border-color: #0b4a8f }
:focus-visible { outline: 3px solid #b45f00; outline-offset: 2px }
[role=alert] { color: #9b1c1c; border-left: 4px solid; padding-left: .75rem }
</style>
</head>
<body>
<main>
<h1>Sign in to ${escape(institution)}</h1>
${alert}
<form method="post">
<label for="username">Name</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" required maxlength="64" autofocus${described}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="256"${described}>
<button type="submit">Sign in</button>
</form>
</main>
</body>
</html>
`;
}

/** Headers of the page. `form-action` names where the sign-in leads, since browsers apply it to the redirect, too. */
export const loginHeaders = (redirectUri: string): Record<string, string> => ({
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'content-security-policy': [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `form-action 'self' ${new URL(redirectUri).origin}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
});
