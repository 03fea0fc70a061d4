import { Client, credentials } from '@grpc/grpc-js';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { at } from './organisations.js';

const probeMs = 3_000;

/** Why a gRPC server does not take connections over TLS, or undefined. @param authority file of the authority that it must show */
export async function whyNoGrpc(port: number, authority: string): Promise<string | undefined> {
  const ca = await readFile(authority).catch(() => null);
  const client = new Client(at(port), credentials.createSsl(ca), { 'grpc.ssl_target_name_override': 'localhost' });
  return new Promise((done) =>
    client.waitForReady(Date.now() + probeMs, (error) => {
      client.close();
      done(error && `nobody answers on port ${port}: ${error.message}`);
    }),
  );
}

/** Why nobody listens on a port, or undefined. */
export const whyNoListener = (port: number): Promise<string | undefined> =>
  new Promise((done) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setTimeout(probeMs, () => socket.destroy(new Error('no answer in time')));
    socket.once('error', ({ message }) => done(`nobody listens on port ${port}: ${message}`));
    socket.once('connect', () => {
      socket.destroy();
      done(undefined);
    });
  });
