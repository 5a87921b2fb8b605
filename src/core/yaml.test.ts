import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { InputErrors } from './errors.ts';
import { nearest } from './nearest.ts';
import { parseYaml, readYaml } from './yaml.ts';

const shape = z.strictObject({ name: z.string(), size: z.number().optional(), list: z.array(z.string()).optional() });

function faults(text: string): string[] {
  try {
    parseYaml(text, 'x.yaml', shape);
  } catch (e) {
    if (e instanceof InputErrors) return e.errors.map((x) => `${x.place.line}:${x.place.column} ${x.message}`);
    throw e;
  }
  return [];
}

describe('YAML files', () => {
  it('given a good file, give the data and the way back to its lines', () => {
    const yaml = parseYaml('name: lamp\nsize: 1.10\n', 'x.yaml', shape);
    expect(yaml.data).to.deep.equal({ name: 'lamp', size: 1.1 });
    expect(yaml.written(['size']), 'as it was written').to.equal('1.10');
    expect(yaml.place(['size'])).to.deep.equal({ file: 'x.yaml', line: 2, column: 7 });
    expect(yaml.placeOfKey(['size'])).to.deep.equal({ file: 'x.yaml', line: 2, column: 1 });
  });

  it('given several faults of different kinds, tell them all, each with line and column', () => {
    expect(faults('name: [1\nsize: big\nname: b\nlist: [a, 2]\ncolour: red\n')).to.deep.equal([
      '2:1 not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
      '2:7 expected a number, found the string "big"',
      '3:1 the key name stands twice in the same map',
      '4:11 expected a text, found the number 2',
      '5:1 unknown key colour',
    ]);
  });

  it('given a missing key, name it; but not while a slip may hide it', () => {
    expect(faults('size: 3\n')).to.deep.equal(['1:1 name is missing']);
    expect(faults('')).to.deep.equal(['1:1 expected a map, found an empty value']);
    expect(faults('size: @3\n')).to.have.lengthOf(2);
  });

  it('given an alias, follow it', () => {
    const yaml = parseYaml('name: &n lamp\nlist: [*n]\n', 'x.yaml', shape);
    expect(yaml.data.list).to.deep.equal(['lamp']);
    expect(yaml.written(['list', 0])).to.equal('lamp');
  });

  it('given an alias without anchor, a second document, a long text: say so briefly', () => {
    expect(faults('name: *n\n')).to.deep.equal(['1:7 not valid YAML: no anchor &n before *n']);
    expect(faults('name: a\n---\nname: b\n')).to.deep.equal([
      '2:1 not valid YAML: a second document begins here, expected one',
    ]);
    expect(faults('x'.repeat(999))).to.deep.equal([`1:1 expected a map, found the string "${'x'.repeat(59)}…`]);
  });

  it('given a file that is not there, name it', () => {
    expect(() => readYaml('/nowhere/x.yaml', shape))
      .to.throw(/cannot be read/)
      .with.property('place')
      .that.includes({
        file: '/nowhere/x.yaml',
      });
  });

  it('given a file that changes between two readings, give what it holds now; else parse it once', () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-'));
    const file = join(folder, 'x.yaml');
    try {
      writeFileSync(file, 'name: a\n');
      const first = readYaml(file, shape);
      expect(readYaml(file, shape)).to.equal(first);
      writeFileSync(file, 'name: b\n');
      expect(readYaml(file, shape).data.name).to.equal('b');
      writeFileSync(file, 'name: 7\n');
      expect(() => readYaml(file, shape)).to.throw(/expected a text/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the nearest known name', () => {
  const known = ['rebootS', 'maxDownloadS', 'DFUM 3/1', 'DFUM 11/1'];
  for (const [written, expected] of [
    ['rebots', 'rebootS'],
    ['MAXDOWNLOADS', 'maxDownloadS'],
    ['DFUM 11/3', 'DFUM 11/1'],
    ['DUFM 3/1', 'DFUM 3/1'],
  ] as const) {
    it(`${written} is nearest to ${expected}`, () => expect(nearest(written, known)).to.equal(expected));
  }
  it('nothing is near where nothing is known', () => expect(nearest('x', [])).to.equal(undefined));
});
