import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { problem } from '@medshare/problems';
import type { z } from 'zod';
import { readBounded } from './bounded-body.js';

/** Bytes of a JSON body on a public route, unless the route says otherwise. */
const maxBytes = 256 * 1024;

/** The JSON body of a public route, bounded while it is read and checked against its schema. */
export const JsonBody = (schema: z.ZodType): ParameterDecorator => bodyOf({ shape: schema });

/** Nest would take a schema for a pipe (by its `transform`), and an object with `schema` for options of its own. */
const bodyOf = createParamDecorator(
  async ({ shape }: { shape: z.ZodType }, context: ExecutionContext): Promise<unknown> => {
    const request = context.switchToHttp().getRequest<IncomingMessage>();
    if (!/^application\/json(;|$)/.test(request.headers['content-type'] ?? ''))
      throw problem('request.unsupported-media-type', { detail: 'application/json is expected' });
    const bytes = await readBounded(request, maxBytes);
    if (bytes === undefined) throw problem('request.too-large', { detail: `at most ${maxBytes} bytes` });
    const result = shape.safeParse(parse(bytes));
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw problem('request.malformed', { where: ['body', ...(issue?.path ?? [])].join('.'), detail: issue?.code });
  },
);

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (cause) {
    throw problem('request.malformed', { where: 'body', detail: 'not JSON in UTF-8', cause });
  }
}
