import { z } from 'zod';

/** Names that other entries refer to: `${device.iut}`. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;
/** As a YAML key and inside references. */
const name = z.string().regex(NAME, 'expected a name of letters, digits, - and _, beginning with a letter');
/** Numbers and switches may stand without quotes; the device gets them as text anyway. */
const text = z.union([z.string(), z.number(), z.boolean()], 'expected a text').transform(String);
/** Real time per protocol time. Slower than real time is refused: no device needs it, and waits would grow without bound. */
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
    /** Name of one of our own devices, as `plumbline sim` takes it. */
    sim: z.string().min(1).optional(),
    /** Program and arguments, started in the folder of the rig file. */
    command: z.array(text).min(1).optional(),
    /** Handed to the device; may hold references to resources that stand above. */
    options: z.record(z.string(), text).default({}),
    /** Named misbehaviours; only our own devices have them. */
    faults: z.array(z.string()).default([]),
    seed: z.int().nonnegative().default(1),
    /** Real seconds until the ready line must have come. */
    startS: z.number().positive().default(15),
  })
  .refine((p) => (p.sim === undefined) !== (p.command === undefined), 'expected either `sim` or `command`');

/** A supply that a person switches when asked, that two commands switch, or two lines on a console that answers them. */
const powerResource = z.discriminatedUnion('by', [
  z.strictObject({ kind: z.literal('power'), by: z.literal('hand'), what: z.string().default('the device') }),
  z.strictObject({
    kind: z.literal('power'),
    by: z.literal('command'),
    on: z.string().min(1),
    off: z.string().min(1),
    /** Real seconds after which the command is killed and counts as failed. */
    timeoutS: z.number().positive().default(30),
  }),
  z.strictObject({
    kind: z.literal('power'),
    by: z.literal('console'),
    console: name,
    on: z.string().min(1),
    off: z.string().min(1),
    /** Real seconds until the line must have been answered. */
    timeoutS: z.number().positive().default(10),
  }),
]);

/** A restart without loss of power: a command, or a line that the device's own shell understands. */
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

/** A text console: `serial:/dev/…` or `serial:tcp://host:port`. */
const consoleResource = z.strictObject({
  kind: z.literal('console'),
  url: z.string().min(1),
  /** What ends a line on its way to the device. */
  newline: z.enum(['lf', 'cr', 'crlf']).default('lf'),
  /** Prompts and echoes are no answers: lines that match are skipped. */
  ignore: z.array(z.string().refine(isPattern, 'expected a regular expression')).default([]),
});

/** The virtual radio, `plumbline radio`: Bluetooth hosts reach it over H4 on TCP. It outlives the power cycles of the devices on it. */
const radioResource = z.strictObject({
  kind: z.literal('radio'),
  seed: z.int().nonnegative().default(1),
  /** Advertisements and connection events lost. */
  lossPercent: z.number().min(0).max(50).default(0),
  /** Real milliseconds by which everything may be late. */
  delayMs: z.number().nonnegative().default(0),
  /** One controller on a pseudo-terminal too, `${radio.serial}`; needs socat. */
  serial: z.boolean().default(false),
});

const resource = z.discriminatedUnion('kind', [
  processResource,
  powerResource,
  resetResource,
  consoleResource,
  radioResource,
]);

/** A device that is looked for by its id on the network of an interface: stands for the address `ocf://ID?interface=NAME`. */
const byId = z
  .strictObject({
    device: z.string().min(1),
    /** Name (`eth0`) or an address of this computer. */
    interface: z.string().min(1),
  })
  .transform(({ device, interface: by }) => `ocf://${device}?interface=${by}`);

/** A rig file as it stands on disk; `docs/recipes/rig.md` explains every key. */
export const rigSchema = z.strictObject({
  rig: name,
  /** Real time per protocol time, for the timers of the standard and of the link. */
  time: z.strictObject({ protocol: factor.default(1), link: factor.default(1) }).prefault({}),
  /** Datagrams that the link is known to lose, each way; a judge demands so many more repeats before silence counts. */
  lossPercent: z.number().min(0).max(50).default(0),
  /** Real seconds from power on to the first answer. */
  bootS: z.number().positive().optional(),
  resources: z.record(name, resource).default({}),
  /** Only needed where several resources could play a part. */
  use: z.strictObject({ power: name, reset: name, console: name }).partial().default({}),
  /** What each standard needs to reach the device, by its own names: `OCFSWU: { endpoint: … }`. */
  iut: z.record(
    z.string().regex(/^[A-Z0-9]+$/, 'expected the short name of a standard, such as OCFSWU'),
    z.record(name, z.union([text, byId], 'expected a text, or a device with its interface')),
  ),
});

/** A rig file as read: defaults filled in, numbers and switches of options as text. */
export type RigData = z.infer<typeof rigSchema>;
/** Any one resource; `kind` tells which. */
export type Resource = RigData['resources'][string];
/** The settings of one kind of resource. */
export type ResourceOf<K extends Resource['kind']> = Extract<Resource, { kind: K }>;
