import {
  createParamDecorator,
  Inject,
  Injectable,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asProblem, problem, type Problem } from '@medshare/problems';
import { requireRole, type Principal, type TokenVerifier } from './principal.js';

/** Nest injection token of the {@link TokenVerifier}. */
export const TOKEN_VERIFIER = Symbol('token verifier');

const rolesKey = Symbol('roles');
const principals = new WeakMap<IncomingMessage, Principal>();

/** Asks for one of these roles, on a method or a controller; the method's list counts when both have one. */
export const Roles = (...roles: [string, ...string[]]): ClassDecorator & MethodDecorator =>
  SetMetadata(rolesKey, roles);

/** Lets in whoever carries a valid bearer token (RFC 6750) and one of the asked roles: 401 and 403 otherwise. */
@Injectable()
export class TokenGuard implements CanActivate {
  readonly #verifier: TokenVerifier;

  constructor(@Inject(TOKEN_VERIFIER) verifier: TokenVerifier) {
    this.#verifier = verifier;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    const response = context.switchToHttp().getResponse<ServerResponse>();
    try {
      const principal = await this.#verifier.verify(bearerOf(request));
      requireRole(principal, rolesOf(context));
      principals.set(request, principal);
      return true;
    } catch (caught) {
      throw challenge(asProblem(caught), request, response);
    }
  }
}

/** The {@link Principal} of a method under {@link TokenGuard}. */
export const User = createParamDecorator((_: unknown, context: ExecutionContext): Principal =>
  principalOf(context.switchToHttp().getRequest<IncomingMessage>()),
);

/** @throws Problem auth.unauthenticated for a request that no {@link TokenGuard} has let in */
export function principalOf(request: IncomingMessage): Principal {
  const principal = principals.get(request);
  if (!principal) throw problem('auth.unauthenticated');
  return principal;
}

const rolesOf = (context: ExecutionContext): readonly string[] => rolesFor(context.getClass(), context.getHandler());

/** The roles that may call a method of a controller class. */
export function rolesFor(controller: object, handler: object): readonly string[] {
  const of = (target: object) => Reflect.getMetadata(rolesKey, target) as string[] | undefined;
  return of(handler) ?? of(controller) ?? [];
}

/** Of the header only: tokens in addresses end up in logs (RFC 6750 section 2.3). */
function bearerOf(request: IncomingMessage): string {
  const [, token] = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined) throw problem('auth.unauthenticated', { detail: 'a bearer token is needed' });
  return token;
}

/** The WWW-Authenticate header of RFC 6750 section 3; without credentials no error is named. */
function challenge(found: Problem, request: IncomingMessage, response: ServerResponse): Problem {
  const error = { 401: 'invalid_token', 403: 'insufficient_scope' }[found.status];
  if (error === undefined) return found;
  const named = request.headers.authorization === undefined ? '' : `, error="${error}"`;
  response.setHeader('www-authenticate', `Bearer realm="medshare"${named}`);
  return found;
}
