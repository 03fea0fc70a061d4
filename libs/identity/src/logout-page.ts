import type { Configuration } from 'oidc-provider';

type Rendered = NonNullable<NonNullable<NonNullable<Configuration['features']>['rpInitiatedLogout']>['logoutSource']>;

const page = (text: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign out</title></head><body><main>${text}</main></body></html>`;

/** Asks before the session at the provider ends: a link of another site must not end it. The form is the library's, with its own token. */
export const logoutSource: Rendered = (ctx, form) => {
  ctx.body = page(
    `<h1>Sign out?</h1>${form}<button autofocus type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>`,
  );
};

/** Shown where no page to go back to was named. */
export const postLogoutSuccessSource = (ctx: Parameters<Rendered>[0]): void => {
  ctx.body = page('<p>You are signed out.</p>');
};
