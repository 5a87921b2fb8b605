import { z } from 'zod';

const verdict = z.enum(['PASS', 'INCONC', 'FAIL', 'ERROR', 'NOT_APPLICABLE', 'NOT_RUN']);
const text = z.string();
const texts = z.record(z.string(), z.string());
const reason = z.looseObject({ verdict, message: text }).nullable();
const attempt = z.looseObject({ verdict, reason, startedAt: z.number(), durationMs: z.number(), evidence: text });
const item = z.looseObject({ item: text, name: text, status: text, demand: text, reference: text });
const table = z.looseObject({ id: text, title: text, applicable: z.boolean(), items: z.array(item) });
const setting = z.looseObject({ spec: text, name: text, value: z.union([text, z.number(), z.boolean()]), text });

/** What reports read of a run record: `RunRecord` without what may be left out or added. A record that was cut short or edited shows here. */
export const recordShape = z.looseObject({
  run: text,
  state: z.enum(['incomplete', 'complete']),
  startedAt: text,
  endedAt: text.nullable(),
  versions: texts,
  product: texts,
  ics: z.looseObject({
    file: text,
    digest: text,
    consistent: z.boolean(),
    anyway: z.boolean(),
    findings: z.array(z.looseObject({ rule: text, item: text, message: text })),
    sheets: z.array(z.looseObject({ spec: text, title: text, tables: z.array(table) })),
    ixit: z.array(setting),
    policies: z.array(setting),
    waivers: z.array(z.looseObject({ case: text, statement: text, owner: text, expires: text, reason: text })),
  }),
  statements: z.record(z.string(), z.looseObject({ id: text, place: text, text })),
  rig: z.looseObject({
    name: text,
    file: text,
    digest: text,
    factors: z.looseObject({ protocol: z.number(), link: z.number() }),
    broken: text.nullable(),
  }),
  cases: z.array(
    z.looseObject({
      id: text,
      spec: text,
      purpose: text,
      item: text,
      items: z.array(text),
      verdict,
      reason,
      statements: z.record(z.string(), verdict.nullable()),
      notes: z.array(text),
      durationMs: z.number(),
      attempts: z.array(attempt),
      variants: z.array(z.looseObject({ id: text, verdict, reason, attempts: z.array(attempt) })),
      policies: texts,
      related: z.array(text),
    }),
  ),
});
