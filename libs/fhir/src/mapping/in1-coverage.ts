import { codedIn } from './types-coded.js';
import { CX, XON } from './types-identity.js';
import { date, text } from './types-value.js';
import { textOf, type Table, type Type } from './table.js';
import type { Resource } from './context.js';

const coverageClass = (code: string): Type => ({
  components: [1, 2, 3],
  convert: (value) => {
    const name = textOf(value, 2);
    const type = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/coverage-class', code }] };
    const id = textOf(value, 1);
    return id === undefined ? undefined : { type, value: id, ...(name !== undefined && { name }) };
  },
});

/** IN1 → Coverage */
export const coverage: Table = {
  rows: [
    [2, 'class[]', coverageClass('plan')],
    [3, 'insurer.identifier', CX],
    [4, 'insurer.named', XON],
    [8, 'class[]', coverageClass('group')],
    [12, 'period.start', date],
    [13, 'period.end', date],
    [15, 'type', codedIn('0086')],
    [17, 'relationship', codedIn('0063')],
    [36, 'subscriberId', text],
    [49, 'identifier[]', CX],
  ],
  silent: [1],
};

/** IN1-3 identifies and IN1-4 names one payer. @returns whether there is one: Coverage needs it */
export const settlePayor = (resource: Resource): boolean => {
  const insurer = resource['insurer'] as { identifier?: object; named?: object } | undefined;
  delete resource['insurer'];
  if (insurer === undefined) return false;
  resource['payor'] = [
    { type: 'Organization', ...(insurer.identifier && { identifier: insurer.identifier }), ...insurer.named },
  ];
  return true;
};
