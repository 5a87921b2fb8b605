import { z } from 'zod';

/** Names that other entries refer to: `${device.iut}`. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;
const name = z.string().regex(NAME, 'expected a name of letters, digits, - and _, beginning with a letter');
const text = z.union([z.string(), z.number(), z.boolean()], 'expected a text').transform(String);
const factor = z.number().positive().max(1, 'expected a factor of at most 1 (1 = real time)');

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

/** A device in software: our own (`sim`) or any program (`command`) that prints the same ready line. It is also a power switch. */
const processResource = z
  .strictObject({
    kind: z.literal('process'),
    sim: z.string().min(1).optional(),
    command: z.array(text).min(1).optional(),
    options: z.record(z.string(), text).default({}),
    faults: z.array(z.string()).default([]),
    seed: z.int().nonnegative().default(1),
    startS: z.number().positive().default(15),
  })
  .refine((p) => (p.sim === undefined) !== (p.command === undefined), 'expected either `sim` or `command`');

const powerResource = z.discriminatedUnion('by', [
  z.strictObject({ kind: z.literal('power'), by: z.literal('hand'), what: z.string().default('the device') }),
  z.strictObject({
    kind: z.literal('power'),
    by: z.literal('command'),
    on: z.string().min(1),
    off: z.string().min(1),
    timeoutS: z.number().positive().default(30),
  }),
]);

const resetResource = z.discriminatedUnion('by', [
  z.strictObject({
    kind: z.literal('reset'),
    by: z.literal('command'),
    command: z.string().min(1),
    timeoutS: z.number().positive().default(30),
  }),
  z.strictObject({
    kind: z.literal('reset'),
    by: z.literal('console'),
    console: name,
    line: z.string().min(1),
    timeoutS: z.number().positive().default(10),
  }),
]);

const consoleResource = z.strictObject({
  kind: z.literal('console'),
  url: z.string().min(1),
  /** What ends a line on its way to the device. */
  newline: z.enum(['lf', 'cr', 'crlf']).default('lf'),
  /** Prompts and echoes are no answers: lines that match are skipped. */
  ignore: z.array(z.string().refine(isPattern, 'expected a regular expression')).default([]),
});

const resource = z.discriminatedUnion('kind', [processResource, powerResource, resetResource, consoleResource]);

/** A rig file as it stands on disk; `docs/recipes/rig.md` explains every key. */
export const rigSchema = z.strictObject({
  rig: name,
  time: z.strictObject({ protocol: factor.default(1), link: factor.default(1) }).prefault({}),
  lossPercent: z.number().min(0).max(50).default(0),
  bootS: z.number().positive().optional(),
  resources: z.record(name, resource).default({}),
  use: z.strictObject({ power: name, reset: name, console: name }).partial().default({}),
  iut: z.record(
    z.string().regex(/^[A-Z0-9]+$/, 'expected the short name of a standard, such as OCFSWU'),
    z.record(name, text),
  ),
});

export type RigData = z.infer<typeof rigSchema>;
export type Resource = RigData['resources'][string];
export type ResourceOf<K extends Resource['kind']> = Extract<Resource, { kind: K }>;
