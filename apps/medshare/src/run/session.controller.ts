import { Controller, Get, Header, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { ConsoleSession, SignedIn } from '@medshare/identity/console-session';
import { Documented } from '@medshare/openapi';
import { asProblem } from '@medshare/problems';
import * as documentation from './documentation.js';

export const SESSION = Symbol('session');
export interface SessionParts {
  session: ConsoleSession;
  /** where browsers reach the pages */
  publicUrl: string;
}

/** What pages sign in and out by; in no cache, and in no address that is passed on. */
@Controller('session')
export class SessionController {
  constructor(@Inject(SESSION) private readonly parts: SessionParts) {}

  /** A browser that came by another name is sent to the one that its cookies will be for. */
  @Documented(documentation.signIn)
  @Get('login')
  login(@Req() req: Request, @Res() res: Response): Promise<void> {
    const { session, publicUrl } = this.parts;
    const to = typeof req.query.to === 'string' ? req.query.to : '';
    const elsewhere = req.headers.host !== new URL(publicUrl).host;
    const next = () =>
      elsewhere
        ? Promise.resolve(`${publicUrl}/session/login?${new URLSearchParams({ to }).toString()}`)
        : session.begin(to, res);
    return sendOn(req, res, next);
  }

  @Documented(documentation.signedIn)
  @Get('callback')
  callback(@Req() req: Request, @Res() res: Response): Promise<void> {
    const query = req.originalUrl.slice(req.originalUrl.indexOf('?'));
    return sendOn(req, res, () => this.parts.session.finish(query, req, res));
  }

  @Documented(documentation.whoIsSignedIn)
  @Get()
  @Header('cache-control', 'no-store')
  whoIs(@Req() req: Request, @Res({ passthrough: true }) res: Response): Promise<SignedIn> {
    return this.parts.session.whoIs(req, res);
  }

  @Documented(documentation.signOut)
  @Post('logout')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  async logout(@Req() req: Request, @Res({ passthrough: true }) res: Response): Promise<{ location: string }> {
    return { location: await this.parts.session.end(req, res) };
  }
}

/** A person in front of a browser reads why not; a program gets the problem. */
async function sendOn(req: Request, res: Response, next: () => Promise<string>): Promise<void> {
  res.set({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
  try {
    res.redirect(303, await next());
  } catch (caught) {
    if (req.accepts(['json', 'html']) !== 'html') throw caught;
    const { status, code, detail } = asProblem(caught);
    const why = detail === undefined ? '' : ` (${detail})`;
    res.status(status).type('text/plain');
    res.send(`The sign-in did not come to its end: ${code}${why}. Go back and start again.`);
  }
}
