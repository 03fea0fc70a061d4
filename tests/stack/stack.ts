import { Certificates } from './certificates.js';
import { portsFrom, type Places } from './places.js';
import { Secrets } from './secrets.js';

/** One stack on this machine. */
export interface Stack {
  readonly places: Places;
  readonly ports: ReturnType<typeof portsFrom>;
  readonly secrets: Secrets;
  readonly certificates: Certificates;
}

export const openStack = (places: Places): Stack => ({
  places,
  ports: portsFrom(places.basePort),
  secrets: new Secrets(places.state),
  certificates: new Certificates(places.state),
});

/** Institutions that the stack serves; each has users, topics, databases and buckets of its own. */
export const institutions = ['harbor', 'lakeside', 'summit'] as const;
