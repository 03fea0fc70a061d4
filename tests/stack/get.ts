import { request as plain } from 'node:http';
import { request as secure } from 'node:https';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** ms for an answer */
  readonly patience?: number;
}

/** A request that sets something up waits long: the machine may be busy with starting everything else. */
const patienceMs = 60_000;
const probePatienceMs = 5_000;

/** One request to a server of the stack. @param ca the authority that an https server must show, PEM */
export function get(
  url: string,
  ca?: string,
  { method = 'GET', headers, body, patience = patienceMs }: Asked = {},
): Promise<Answer> {
  return new Promise((done, failed) => {
    const send = url.startsWith('https:') ? secure : plain;
    const asked = send(
      url,
      { method, headers, timeout: patience, agent: false, ...(ca !== undefined && { ca }) },
      (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.once('error', failed);
        answer.once('end', () =>
          done({ status: answer.statusCode ?? 0, body: Buffer.concat(pieces).toString('utf8') }),
        );
      },
    );
    asked.once('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.once('error', failed);
    asked.end(body);
  });
}

/** Why a URL does not answer 200, or undefined. */
export const whyNot200 = (url: string, ca?: string): Promise<string | undefined> =>
  get(url, ca, { patience: probePatienceMs }).then(
    ({ status, body }) =>
      status === 200 ? undefined : `${new URL(url).pathname} answers ${status} ${body.slice(0, 120)}`,
    (caught: unknown) => (caught as Error).message,
  );
