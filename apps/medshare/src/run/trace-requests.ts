import type { NextFunction, Request, Response } from 'express';
import { roleNames } from '@medshare/role/context';
import { beginStep, isTraced } from '@medshare/telemetry';

/** What an operator's platform asks all the time. */
const untraced = /^\/(health\/|metrics$)/;
/** A template of the code; what was asked for is the sender's words and stays out. */
const templateOf = ({ route }: Request): string | undefined => {
  const path = (route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? path : undefined;
};
const roleOf = (template: string | undefined): string | undefined =>
  roleNames.find((role) => template?.split('/').slice(1, 3).includes(role));

/** Every request, public or of a peer, is a step: of the trace that its `traceparent` header names (W3C Trace Context), else of a new one. */
export const traceRequests =
  (institution: string) =>
  (request: Request, response: Response, next: NextFunction): void => {
    if (!isTraced(institution) || untraced.test(request.path)) return next();
    const parent = request.header('traceparent') ?? 'none';
    const step = beginStep(request.method, { institution }, { kind: 'server', parent });
    response.once('close', () => {
      const template = templateOf(request);
      step.set({
        'medshare.role': roleOf(template),
        'http.request.method': request.method,
        'http.route': template,
        'http.response.status_code': response.statusCode,
      });
      if (template !== undefined) step.name(`${request.method} ${template}`);
      step.end();
    });
    step.within(() => next());
  };
