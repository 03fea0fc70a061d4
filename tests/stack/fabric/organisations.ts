import { join } from 'node:path';
import { institutions, type Stack } from '../stack.js';

/** The network of region `east`, and its one channel. */
export const network = 'east';
export const channel = 'east';
/** Channel of the orderers of a release before 2.3, on which others are made. */
export const systemChannel = 'east-orderers';

export type Organisation = (typeof institutions)[number];
/** Each has a peer, an orderer and chaincode servers. */
export const organisations = institutions;

/** The institution's own id, as a region's document has it where it names no other. */
export const mspIdOf = (organisation: Organisation): string => organisation;

export const portsOf = ({ ports }: Stack, organisation: Organisation) =>
  ports.fabric(organisations.indexOf(organisation));

export const networkFolder = ({ places }: Pick<Stack, 'places'>): string => join(places.state, 'fabric');

export const at = (port: number): string => `127.0.0.1:${port}`;
