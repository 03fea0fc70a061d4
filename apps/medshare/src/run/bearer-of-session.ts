import { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import type { ConsoleSession } from '@medshare/identity/console-session';
import { asProblem, toProblemJson } from '@medshare/problems';

/** Puts the bearer token on requests of pages that are signed in, before anything looks at it. */
export const bearerOfSession =
  (session: ConsoleSession): RequestHandler =>
  (req: Request, res: Response, next: NextFunction) => {
    session.bearerOf(req, res).then(
      (token) => {
        if (token !== undefined) req.headers.authorization = `Bearer ${token}`;
        next();
      },
      (caught: unknown) => {
        const found = asProblem(caught);
        res.status(found.status).type('application/problem+json');
        res.send(JSON.stringify(toProblemJson(found)));
      },
    );
  };
