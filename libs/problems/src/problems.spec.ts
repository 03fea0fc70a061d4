import fc from 'fast-check';
import {
  asProblem,
  fromProblemJson,
  isProblem,
  problem,
  problemCodes,
  problems,
  toOperationOutcome,
  toProblemJson,
} from './index.js';

describe('the table of problems', () => {
  it.each(problemCodes)('%s has a well-formed row', (code) => {
    const { status, title, hl7 } = problems[code];
    expect(code).toMatch(/^([a-z0-9]+\.[a-z-]+|internal)$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(title).toMatch(/^[A-Z]/);
    if (code.startsWith('hl7.')) expect(hl7?.error).toMatch(/^(10[0-4]|20[0-7])$/);
  });

  it('rejects with AR only what HL7 2.5.1 section 2.9.2.2 lets a receiver reject', () => {
    const rejecting = problemCodes.filter((code) => problems[code].hl7?.ack === 'AR' && code.startsWith('hl7.'));
    expect(rejecting).toContain('hl7.unsupported-version');
    expect(rejecting).not.toContain('hl7.required-field');
  });
});

describe('a problem', () => {
  it('names code, place and rule in its message', () => {
    const it = problem('hl7.data-type', { where: 'PID-7.1', detail: 'not a date' });
    expect(it.message).toBe('hl7.data-type at PID-7.1: not a date');
    expect([it.status, it.issue, it.hl7]).toEqual([422, 'value', { ack: 'AE', error: '102' }]);
    expect(problem('internal').message).toBe('internal');
  });

  it('hides what it was not', () => {
    const caught = asProblem(new Error('Mei Lin is ill'));
    expect(caught.code).toBe('internal');
    expect(JSON.stringify([toProblemJson(caught), toOperationOutcome([caught]), caught.message])).not.toContain('Mei');
    expect((caught.cause as Error).message).toBe('Mei Lin is ill');
    const own = problem('view.stale');
    expect(asProblem(own)).toBe(own);
    expect(isProblem({ name: 'Problem', code: 'view.stale' })).toBe(false);
  });

  it('survives problem+json', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...problemCodes),
        fc.option(fc.string({ maxLength: 40 }), { nil: undefined }),
        (code, where) => {
          const again = fromProblemJson(
            JSON.parse(JSON.stringify(toProblemJson(problem(code, { where }), { instance: 'urn:x' }))),
          );
          expect([again.code, again.where]).toEqual([code, where]);
        },
      ),
    );
  });

  it('takes anything for a foreign problem', () => {
    fc.assert(fc.property(fc.anything(), (body) => isProblem(fromProblemJson(body))));
    expect(fromProblemJson({ code: 'future.code' }).code).toBe('peer.refused');
    expect(fromProblemJson({ code: 'toString' }).code).toBe('peer.refused');
  });

  it('is an issue of an OperationOutcome', () => {
    const at = problem('fhir.invalid', { where: 'Bundle.entry[2].resource.birthDate', detail: 'not a date' });
    expect(toOperationOutcome([at, problem('hl7.data-type', { where: 'PID-7.1' })])).toEqual({
      resourceType: 'OperationOutcome',
      issue: [
        {
          severity: 'error',
          code: 'invalid',
          details: {
            coding: [{ system: 'urn:medshare:problem', code: 'fhir.invalid' }],
            text: 'The resource is not valid FHIR R4',
          },
          diagnostics: 'not a date',
          expression: ['Bundle.entry[2].resource.birthDate'],
        },
        {
          severity: 'error',
          code: 'value',
          details: {
            coding: [{ system: 'urn:medshare:problem', code: 'hl7.data-type' }],
            text: 'A value is not of its data type',
          },
          diagnostics: 'PID-7.1',
        },
      ],
    });
    expect(toOperationOutcome([]).issue).toHaveLength(1);
  });
});
