import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { clientAttributes, serverAttributes } from './codec/attributes.ts';
import { direction } from './codec/numbers.ts';
import { otaCommands } from './codec/ota.ts';
import { COVERAGES } from './file/integrity.ts';
import { statusMoves } from './statusMachine.ts';

interface Proforma {
  readonly tables: Readonly<Record<string, { readonly items: Readonly<Record<string, { readonly alias: string }>> }>>;
  readonly policies: Readonly<Record<string, { readonly id: string; readonly options: readonly string[] }>>;
}

const proforma = parse(
  readFileSync(new URL(import.meta.url.replace(/\/dist\/src\/.*/, '/ics/proformas/zbota.yaml')), 'utf8'),
) as Proforma;
const aliases = Object.values(proforma.tables).flatMap(({ items }) => Object.values(items).map(({ alias }) => alias));
const hex = (id: number, digits: number): string => id.toString(16).padStart(digits, '0');

describe('proforma ZBOTA', () => {
  it('has an item for every attribute, and for every command at the side that sends and the side that receives it', () => {
    const wanted = [
      ...clientAttributes.map(({ id }) => `OTA.C.A${hex(id, 4)}`),
      ...serverAttributes.map(({ id }) => `OTA.S.A${hex(id, 4)}`),
      ...otaCommands.flatMap((command) => {
        const sender = command.direction === direction.CLIENT_TO_SERVER ? 'C' : 'S';
        const id = hex(command.id, 2);
        return [`OTA.${sender}.C${id}.Tx`, `OTA.${sender === 'C' ? 'S' : 'C'}.C${id}.Rsp`];
      }),
    ];
    expect(aliases).to.include.members(wanted);
    expect(new Set(aliases).size).to.equal(aliases.length);
  });

  it('has every policy that the tables of this standard name', () => {
    const ids = Object.values(proforma.policies).map(({ id }) => id);
    expect(ids).to.deep.equal(Array.from({ length: 26 }, (_, i) => `ZB-P${i + 1}`));
    for (const { policy } of statusMoves) if (policy !== undefined) expect(ids).to.include(policy);
    expect(proforma.policies['integrityCoverage']?.options).to.include.members([...COVERAGES]);
  });
});
