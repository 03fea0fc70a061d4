import {
  applyDecorators,
  createParamDecorator,
  Header,
  HttpCode,
  Injectable,
  Post,
  SetMetadata,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { map, type Observable } from 'rxjs';
import type { Audience, PeerRoute } from '@medshare/events/route';
import { Documented } from '@medshare/openapi';
import { problem } from '@medshare/problems';
import { readBounded } from './bounded-body.js';
import type { Peer } from './peer.js';
import { isPeerRequest, peerOf, selfOf } from './server.js';

const routeKey = Symbol('peer route');
const audienceKey = Symbol('peer audience');

type AnyRoute = PeerRoute<unknown, unknown>;
type Request = IncomingMessage & { body?: unknown };

/** Lets in members (`region`) or the institution's own roles. Elsewhere than on the peer server there is no such path. */
@Injectable()
class AudienceGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    const audience = metadata<Audience>(audienceKey, context.getHandler());
    if (!isPeerRequest(request)) throw problem('request.not-found');
    if (audience === 'region' || (audience === 'institution' && peerOf(request).institution === selfOf(request)))
      return true;
    throw problem('auth.forbidden', { detail: 'only for roles of the institution itself' });
  }
}

/** Reads and checks the body; checks the answer too, so that a wrong one is this side's failure and not a riddle to the caller. */
@Injectable()
class RouteInterceptor implements NestInterceptor {
  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const route = metadata<AnyRoute>(routeKey, context.getHandler());
    if (route === undefined) throw problem('internal');
    const request = context.switchToHttp().getRequest<Request>();
    request.body = validate(route, await jsonOf(request, route.maxBytes));
    return next.handle().pipe(map((answer: unknown) => checked(route, answer)));
  }
}

/** A controller method that answers a peer route; its `@Body()` is the validated request. */
export const PeerHandler = <Req, Res>(route: PeerRoute<Req, Res>): MethodDecorator =>
  applyDecorators(
    Post(route.path),
    HttpCode(200),
    Header('content-type', 'application/json'),
    SetMetadata(routeKey, route),
    PeersOnly(route.audience),
    UseInterceptors(RouteInterceptor),
    documented(route as AnyRoute),
  );

/** A peer route is declared once, and that says all. */
function documented(route: AnyRoute): MethodDecorator {
  const [owner = '', verb = ''] = route.name.split('.');
  return Documented({
    owner,
    summary: verb.replaceAll('-', ' '),
    description:
      `At most ${route.maxBytes} bytes are sent and ${route.maxResponseBytes} answered. ` +
      (route.idempotent ? 'Sending it again has no second effect.' : 'Sending it again may have a second effect.'),
    body: { shape: route.request },
    answer: { shape: route.response },
    problems: ['request.malformed', 'request.unsupported-media-type', 'request.too-large', 'auth.forbidden'],
    example: route.example === undefined ? {} : { body: route.example },
    peers: route.audience,
  });
}

/** Guards any other controller method that peers call, e.g. the GET of a stream. */
export const PeersOnly = (audience: Audience): MethodDecorator =>
  applyDecorators(SetMetadata(audienceKey, audience), UseGuards(AudienceGuard));

/** The caller as its certificate proves, a {@link Peer}. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Peer =>
  peerOf(context.switchToHttp().getRequest<Request>()),
);

/** Routes that the methods of a controller class answer, so that tests can list them from the code. */
export function peerHandlerRoutes(controller: { prototype: object }): PeerRoute<unknown, unknown>[] {
  const methods = Object.values(Object.getOwnPropertyDescriptors(controller.prototype));
  return methods.flatMap(({ value }) => {
    const route = typeof value === 'function' ? metadata<AnyRoute>(routeKey, value as object) : undefined;
    return route ? [route] : [];
  });
}

const metadata = <T>(key: symbol, method: object): T | undefined => Reflect.getMetadata(key, method) as T | undefined;

async function jsonOf(request: Request, maxBytes: number): Promise<unknown> {
  const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = request.headers;
  if (!/^application\/json(;|$)/.test(type ?? '') || encoding !== undefined)
    throw problem('request.unsupported-media-type');
  const tooLarge = () => problem('request.too-large', { detail: `at most ${maxBytes} bytes` });
  if (Number(length ?? 0) > maxBytes) throw tooLarge();
  // an application created with Nest's own body parser has read the stream already
  if (request.readableEnded) return request.body;
  const bytes = await readBounded(request, maxBytes);
  if (bytes === undefined) throw tooLarge();
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (cause) {
    throw problem('request.malformed', { where: 'body', detail: 'not JSON in UTF-8', cause });
  }
}

function validate(route: AnyRoute, body: unknown): unknown {
  const result = route.request.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw problem('request.malformed', { where: ['body', ...(issue?.path ?? [])].join('.'), detail: issue?.code });
}

function checked(route: AnyRoute, answer: unknown): unknown {
  const result = route.response.safeParse(answer);
  if (result.success) return result.data;
  throw problem('internal', { cause: new Error(`${route.name}: answer not of its schema`, { cause: result.error }) });
}
