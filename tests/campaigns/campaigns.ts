import type { Campaign } from './campaign.js';
import { deliveries } from './deliveries/deliveries.campaign.js';
import { fabricKills } from './fabric-kills/fabric-kills.campaign.js';
import { kill } from './kill/kill.campaign.js';
import { mutation } from './mutation/mutation.campaign.js';
import { parsers } from './parsers/parsers.campaign.js';
import { properties } from './properties/properties.campaign.js';
import { replicas } from './replicas/replicas.campaign.js';
import { stackKills } from './stack-kills/stack-kills.campaign.js';

/** Every hunt that can be run by name. */
export const campaigns: readonly Campaign[] = [
  parsers,
  properties,
  kill,
  fabricKills,
  deliveries,
  mutation,
  stackKills,
  replicas,
];
