import { join } from 'node:path';
import { institutions, type Stack } from '../stack.js';

/** The network of region `east`, and its one channel. */
export const network = 'east';
export const channel = 'east';
/** Channel of the orderers of a release before 2.3, on which others are made. */
export const systemChannel = 'east-orderers';

export type Organisation = (typeof institutions)[number];
/** Those that found it: each has a peer, an orderer and chaincode servers. */
export const organisations = institutions;
/** One that joins later, with a peer. */
export const newcomer = 'pier';
export type Joined = Organisation | typeof newcomer;

/** The institution's own id, as a region's document has it where it names no other. */
export const mspIdOf = (organisation: Joined): string => organisation;

export const portsOf = ({ ports }: Stack, organisation: Joined) =>
  ports.fabric([...organisations, newcomer].indexOf(organisation));

export const networkFolder = ({ places }: Pick<Stack, 'places'>): string => join(places.state, 'fabric');

export const at = (port: number): string => `127.0.0.1:${port}`;
