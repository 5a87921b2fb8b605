import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { InputError, messageOf } from '../core/errors.ts';
import { type Component, makePackage, PACKAGE_KINDS, type PackageKind } from '../sim/lwm2m/package.ts';

interface PackageWords {
  readonly out: string;
  readonly name?: string;
  readonly version?: string;
  readonly size?: number;
  readonly component: readonly Component[];
  readonly object: readonly number[];
}

/** `plumbline sim lwm2m-package`; `count` reads a number. */
export function registerLwm2mPackage(sim: Command, count: (word: string) => number): void {
  sim
    .command('lwm2m-package')
    .description(`write a package for the simulated LwM2M client: ${Object.keys(PACKAGE_KINDS).join(', ')}`)
    .argument('<kind>')
    .requiredOption('--out <file>', 'where to write it')
    .option('--name <text>', 'PkgName (preset: app)')
    .option('--version <text>', 'PkgVersion (preset: 1.0)')
    .option('--size <octets>', 'payload (preset: 200; all of it then fits in one datagram)', count)
    .option('--component <identity:version>', 'a component; may be repeated', component, [])
    .option(
      '--object <id>',
      'an object that it brings; may be repeated',
      (word, all: number[]) => [...all, count(word)],
      [],
    )
    .action((kind: string, words: PackageWords) => write(kind, words));
}

function write(kind: string, { out, component: components, object: objects, ...rest }: PackageWords): void {
  if (!Object.hasOwn(PACKAGE_KINDS, kind)) {
    const kinds = Object.keys(PACKAGE_KINDS).join(', ');
    throw new InputError('sim-package', `no kind ${JSON.stringify(kind)}; there are ${kinds}`);
  }
  try {
    writeFileSync(out, makePackage({ kind: kind as PackageKind, ...rest, components, objects }));
  } catch (e) {
    throw new InputError('sim-package', `cannot be written: ${messageOf(e)}`, { place: { file: out }, cause: e });
  }
}

function component(word: string, all: Component[]): Component[] {
  const [identity = '', version = ''] = word.split(':');
  if (identity === '' || version === '')
    throw new InputError('sim-package', `expected identity:version, found ${JSON.stringify(word)}`);
  return [...all, { identity, version }];
}
