import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { readYaml } from '../../core/yaml.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const bySpec = z.record(z.string(), z.record(z.string(), scalar));

/** One kind of conforming device: what it declares, and how the simulated device is set to match. */
const profileSchema = z.strictObject({
  about: z.string(),
  /** Base declaration of this profile, where it is another one. */
  declaration: z.string().optional(),
  /** What differs from the base declaration. */
  ics: bySpec.default({}),
  ixit: bySpec.default({}),
  policies: bySpec.default({}),
  /** Options of the simulated device. */
  options: z.record(z.string(), scalar.transform(String)).default({}),
});

const fileSchema = z.strictObject({
  /** Base declaration and rig, relative to this file. */
  declaration: z.string(),
  rig: z.string(),
  profiles: z.record(z.string(), profileSchema),
});

export interface Profile {
  readonly name: string;
  readonly about: string;
  /** Declaration written for this profile. */
  readonly ics: string;
  readonly rig: string;
  /** Arguments for the simulated device. */
  readonly simArgs: readonly string[];
}

/** `--option name=value` for each. */
function optionArgs(options: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => ['--option', `${name}=${String(value)}`]);
}

type Tree = { [key: string]: unknown };

/** File references become absolute, because the declaration moves to another folder. */
function absolute(value: unknown, folder: string): unknown {
  if (typeof value === 'string') return value.startsWith('file:') ? `file:${resolve(folder, value.slice(5))}` : value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, absolute(part, folder)]));
}

function merged(base: unknown, change: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Tree {
  const sections = { ...(base as Tree | undefined) };
  for (const [spec, values] of Object.entries(change))
    sections[spec] = { ...(sections[spec] as Tree | undefined), ...values };
  return sections;
}

/** Reads the profiles of a standard and writes a declaration for each into `folder`. Throws InputErrors with every fault of the file. */
export function loadProfiles(file: string, folder: string): Profile[] {
  const { data } = readYaml(file, fileSchema);
  const here = dirname(resolve(file));
  mkdirSync(folder, { recursive: true });
  return Object.entries(data.profiles).map(([name, profile]) => {
    const declaration = resolve(here, profile.declaration ?? data.declaration);
    const base = parse(readFileSync(declaration, 'utf8')) as Tree;
    const ics = join(folder, `${name}.yaml`);
    const text = {
      ...base,
      ics: merged(base['ics'], profile.ics),
      ixit: merged(base['ixit'], profile.ixit),
      policies: merged(base['policies'], profile.policies),
    };
    writeFileSync(ics, stringify(absolute(text, dirname(declaration))));
    return { name, about: profile.about, ics, rig: resolve(here, data.rig), simArgs: optionArgs(profile.options) };
  });
}
