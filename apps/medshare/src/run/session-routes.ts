import { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import type { ConsoleSession } from '@medshare/identity/console-session';
import { asProblem, toProblemJson } from '@medshare/problems';

/** Puts the bearer token on requests of pages that are signed in, before anything looks at it. */
export const bearerOfSession = (session: ConsoleSession): RequestHandler =>
  answered(async (req, res, next) => {
    const token = await session.bearerOf(req, res);
    if (token !== undefined) req.headers.authorization = `Bearer ${token}`;
    next();
  });

/** What pages sign in and out by. A browser that came by another name is sent to the one that its cookies will be for. */
export function mountSession(app: Express, session: ConsoleSession, publicUrl: string): void {
  app.get(
    '/session/login',
    answered(async (req, res) => {
      const to = typeof req.query.to === 'string' ? req.query.to : '';
      if (req.headers.host !== new URL(publicUrl).host)
        return res.redirect(303, `${publicUrl}/session/login?${new URLSearchParams({ to }).toString()}`);
      return res.redirect(303, await session.begin(to, res));
    }, asText),
  );
  app.get(
    '/session/callback',
    answered(async (req, res) => {
      const query = req.originalUrl.slice(req.originalUrl.indexOf('?'));
      return res.redirect(303, await session.finish(query, req, res));
    }, asText),
  );
  app.get(
    '/session',
    answered(async (req, res) => void res.json(await session.whoIs(req, res))),
  );
  app.post(
    '/session/logout',
    answered(async (req, res) => void res.json({ location: await session.end(req, res) })),
  );
}

type Tell = (caught: unknown, req: Request, res: Response) => void;

function answered(
  work: (req: Request, res: Response, next: NextFunction) => Promise<void>,
  tell: Tell = asProblemJson,
): RequestHandler {
  return (req, res, next) => {
    // whatever has to do with sessions stays in no cache, and in no address that is passed on
    if (req.path.startsWith('/session')) res.set({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    work(req, res, next).catch((caught: unknown) => tell(caught, req, res));
  };
}

function asProblemJson(caught: unknown, req: Request, res: Response): void {
  const found = asProblem(caught);
  res.status(found.status).type('application/problem+json');
  res.send(JSON.stringify(toProblemJson(found)));
}

/** For the person in front of the browser. */
function asText(caught: unknown, _: Request, res: Response): void {
  const { status, code, detail } = asProblem(caught);
  const why = detail === undefined ? '' : ` (${detail})`;
  res
    .status(status)
    .type('text/plain')
    .send(`The sign-in did not come to its end: ${code}${why}. Go back and start again.`);
}
