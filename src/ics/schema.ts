import { z } from 'zod';

/** Spec names: `DFUM`, `OCFSWU`. */
export const SPEC = /^[A-Z][A-Z0-9]*$/;
const number = z.string().regex(/^\d+$/, 'expected a number');
const name = z.string().regex(/^[a-z][A-Za-z0-9]*$/, 'expected a name in camel case, such as rebootS');
const text = z.string().min(1);
const status = z.string().regex(/^(M|O|X|N\/A|[OC]\.\d+)$/, 'expected M, O, X, N/A, O.1, O.2, … or C.1, C.2, …');

const item = z.strictObject({
  /** What the device can do, in words that a vendor understands without the standard. */
  capability: text,
  /** Place in the standard. */
  clause: text,
  status,
  /** Holds in addition to the table's prerequisite. */
  prerequisite: text.optional(),
  /** Condition over items of other layers that must hold while this item is supported. */
  depends: text.optional(),
  /** Name of the same capability elsewhere. */
  alias: text.optional(),
  /** Help for whoever fills the declaration in. */
  note: text.optional(),
});

const table = z.strictObject({
  /** Of a table without items: what became of it (`reserved`, `no longer used`). */
  title: text,
  prerequisite: text.optional(),
  conditions: z.record(z.string().regex(/^C\.\d+$/, 'expected C.1, C.2, …'), text).optional(),
  items: z.record(number, item).optional(),
});

const common = {
  /** What the value is for. */
  text,
  /** Condition under which a declaration without the value is inconsistent. */
  required: text.optional(),
  /** Cases that need it; `OCFSWU/RES/*` stands for a group. */
  cases: z.array(text).default([]),
};
const range = { unit: text.optional(), min: z.number().optional(), max: z.number().optional() };

const ixit = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('integer'), ...range, default: z.number().int().optional(), ...common }),
  z.strictObject({ type: z.literal('number'), ...range, default: z.number().optional(), ...common }),
  z.strictObject({ type: z.literal('flag'), default: z.boolean().optional(), ...common }),
  z.strictObject({ type: z.literal('choice'), options: z.array(text).min(1), default: text.optional(), ...common }),
  /** `form` says in words what `pattern` asks for. */
  z.strictObject({
    type: z.literal('text'),
    pattern: text.optional(),
    form: text.optional(),
    default: text.optional(),
    ...common,
  }),
  z.strictObject({ type: z.literal('url'), default: text.optional(), ...common }),
  /** A key, a certificate or a package: `env:NAME` or `file:path`, never the thing itself. */
  z.strictObject({ type: z.literal('reference'), default: text.optional(), ...common }),
]);

const policy = z.strictObject({
  /** Name in the list of ambiguous places. */
  id: text,
  question: text,
  clause: text,
  options: z.array(text).min(1),
  /** A value outside `options` may be given in this form; `form` says it in words. */
  pattern: text.optional(),
  form: text.optional(),
  /** One of the options, or `fail if OCFSWU 1/2, else information`. */
  default: text,
  cases: z.array(text).default([]),
});

/** The shape of a file in `ics/proformas/`; `docs/recipes/proforma.md` explains it. */
export const proformaSchema = z.strictObject({
  spec: z.string().regex(SPEC, 'expected capital letters and digits'),
  title: text,
  document: text,
  date: z.iso.date('expected a date such as 2024-07-01').optional(),
  release: text.optional(),
  note: text.optional(),
  tables: z.record(number, table),
  ixit: z.record(name, ixit).default({}),
  policies: z.record(name, policy).default({}),
});

/** A proforma as it stands in the file, conditions still as text. */
export type RawProforma = z.infer<typeof proformaSchema>;
/** The declaration of one IXIT: its type with range, unit and default. */
export type IxitDef = z.infer<typeof ixit>;
/** The declaration of one policy. */
export type PolicyDef = z.infer<typeof policy>;
