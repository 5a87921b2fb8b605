import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import type { Need } from '../core/case.ts';
import { InputError, InputErrors } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import { scaledTooShort, type TimingTable } from '../core/timing.ts';
import { readYaml, type YamlFile } from '../core/yaml.ts';
import type { Rig } from './rig.ts';
import { OWN, referencesIn } from './reference.ts';
import { type Resource, type RigData, rigSchema } from './schema.ts';

/** Keys that lead to a place in the file; the YAML reader turns them into line and column. */
type Path = readonly PropertyKey[];

/** Which kinds of resources can play a part. */
const PLAYERS: Readonly<Record<Need, readonly Resource['kind'][]>> = {
  power: ['power', 'process'],
  reset: ['reset'],
  console: ['console'],
};

/** Reads a rig file; throws InputErrors with every fault found, each at its line and column. */
export function loadRig(file: string): Rig {
  const yaml = readYaml(file, rigSchema);
  const errors: InputError[] = [];
  const report = (path: Path, message: string): void => {
    errors.push(new InputError('rig', message, { place: yaml.place(path) }));
  };
  if (yaml.data.resources[OWN.resource] !== undefined)
    report(['resources', OWN.resource], `the name ${OWN.resource} stands for the rig itself`);
  const parts = partsOf(yaml.data, report);
  checkReferences(yaml.data, report);
  checkFactors(yaml.data, report);
  if (errors.length > 0) throw new InputErrors(errors);
  return {
    name: yaml.data.rig,
    file: resolve(file),
    digest: digestOf(yaml),
    data: withAbsoluteFiles(yaml.data, file),
    parts,
  };
}

/** `file:` references are relative to the rig file. */
function withAbsoluteFiles(data: RigData, file: string): RigData {
  const absolute = (value: string): string =>
    value.startsWith('file:') ? `file:${resolve(dirname(file), value.slice('file:'.length))}` : value;
  const entries = (of: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(of).map(([name, value]) => [name, absolute(value)]));
  return { ...data, iut: Object.fromEntries(Object.entries(data.iut).map(([spec, of]) => [spec, entries(of)])) };
}

/** Of the content: comments and layout of the file do not make it another rig. */
function digestOf(yaml: YamlFile<RigData>): string {
  return createHash('sha256').update(JSON.stringify(yaml.data)).digest('hex');
}

/**
 * Which resource is power, reset and console: the one named under `use`, or else the only one that can. Two candidates are a fault,
 * because a tester that cycles the wrong supply would report a dead device.
 */
function partsOf(data: RigData, report: (path: Path, message: string) => void): Rig['parts'] {
  const parts: Partial<Record<Need, string>> = {};
  for (const part of Object.keys(PLAYERS) as Need[]) {
    const able = Object.entries(data.resources)
      .filter(([, r]) => PLAYERS[part].includes(r.kind))
      .map(([name]) => name);
    const chosen = data.use[part];
    if (chosen !== undefined && !able.includes(chosen))
      report(['use', part], `expected a resource that can be the ${part}, found ${chosen}${didYouMean(chosen, able)}`);
    else if (chosen === undefined && able.length > 1)
      report(['resources'], `${able.join(' and ')} could each be the ${part}: say which in \`use: { ${part}: … }\``);
    const player = chosen ?? able[0];
    if (player !== undefined) parts[part] = player;
  }
  return parts;
}

/** Keys that a resource of a kind offers to references; a process says its own when it is ready. */
function keysOf(resource: Resource): readonly string[] | 'any' {
  if (resource.kind === 'process') return 'any';
  if (resource.kind === 'radio') return resource.serial ? ['radio', 'serial'] : ['radio'];
  return resource.kind === 'console' ? ['url'] : [];
}

/** Resources open from top to bottom, so that a resource can use only what stands above it; entries of `iut` can use them all. */
function checkReferences(data: RigData, report: (path: Path, message: string) => void): void {
  const names = Object.keys(data.resources);
  const check = (text: string, path: Path, known: readonly string[]): void => {
    for (const { resource, key } of referencesIn(text)) {
      if (resource === OWN.resource && key === OWN.key) continue;
      const target = known.includes(resource) ? data.resources[resource] : undefined;
      const keys = target === undefined ? [] : keysOf(target);
      if (target === undefined)
        report(
          path,
          names.includes(resource)
            ? `${resource} stands below this resource; a reference reaches only what stands above`
            : `no resource ${resource}${didYouMean(resource, known)}`,
        );
      else if (keys !== 'any' && !keys.includes(key))
        report(path, `${resource} is a ${target.kind} and has no ${key}${didYouMean(key, keys)}`);
    }
  };
  for (const [spec, entries] of Object.entries(data.iut))
    for (const [key, value] of Object.entries(entries)) check(value, ['iut', spec, key], names);
  for (const [i, name] of names.entries()) {
    const resource = data.resources[name];
    const above = names.slice(0, i);
    if (resource?.kind === 'process')
      for (const [key, value] of Object.entries(resource.options))
        check(value, ['resources', name, 'options', key], above);
    if (resource?.kind === 'console') check(resource.url, ['resources', name, 'url'], above);
    const lineBased = resource?.kind === 'reset' || resource?.kind === 'power';
    if (lineBased && resource.by === 'console' && data.resources[resource.console]?.kind !== 'console')
      report(['resources', name, 'console'], `expected a console resource, found ${resource.console}`);
  }
}

/** Only our own simulated devices follow a scaled clock: with any other device both factors are 1. */
function checkFactors(data: RigData, report: (path: Path, message: string) => void): void {
  if (data.time.protocol === 1 && data.time.link === 1) return;
  const simulated = (name: string): boolean => {
    const resource = data.resources[name];
    return resource?.kind === 'process' && resource.sim !== undefined;
  };
  for (const [name, resource] of Object.entries(data.resources))
    if (resource.kind === 'process' && resource.sim === undefined)
      report(
        ['time'],
        `${name} is not a simulated device of Plumbline and cannot follow a scaled clock: both factors must be 1`,
      );
  for (const [spec, entries] of Object.entries(data.iut)) {
    const references = Object.values(entries).flatMap((value) => referencesIn(value));
    if (!references.some((r) => simulated(r.resource)))
      report(['time'], `iut.${spec} is a real device and cannot follow a scaled clock: both factors must be 1`);
    for (const [key, value] of Object.entries(entries))
      if (/^[a-z][a-z0-9+.-]*:/i.test(value) && !/^(env|file):/.test(value) && referencesIn(value).length === 0)
        report(
          ['iut', spec, key],
          `${value} is a real link; with factors other than 1 it must come from a simulated device`,
        );
  }
}

/** Refuses a rig that scales a timer of these standards below what a bench computer can keep. */
export function refuseShortTimers(rig: Rig, tables: Readonly<Record<string, TimingTable>>): void {
  const errors = Object.entries(tables).flatMap(([spec, table]) =>
    scaledTooShort(table, rig.data.time).map(
      (row) =>
        new InputError('rig-factor', `${spec} timer ${row}, less than the 50 ms that a bench can keep`, {
          place: { file: rig.file },
        }),
    ),
  );
  if (errors.length > 0) throw new InputErrors(errors);
}
