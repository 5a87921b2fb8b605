import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { BenchError } from '../../core/errors.ts';
import { controlOf } from './control.ts';
import { newNetwork, readNetwork, writeNetwork } from './network.ts';
import { rigEntries } from './rigEntries.ts';

/** The entries of a rig file, as a bench hands them out. */
function entries(values: Readonly<Record<string, string>>): {
  has(name: string): boolean;
  address(name: string): string;
} {
  return { has: (name) => values[name] !== undefined, address: (name) => values[name] ?? '' };
}

const UUID = '00112233445566778899aabbccddeeff';

describe('mesh rig entries', () => {
  it('take a device by its UUID', () => {
    const read = rigEntries(entries({ ble: 'ble:hci0', uuid: '00112233-4455-6677-8899-AABBCCDDEEFF' }));
    expect(read).to.deep.include({ ble: 'ble:hci0', uuid: UUID, auth: { kind: 'none' } });
    expect(read.known).to.equal(undefined);
  });
  it('take a node that is provisioned already by all of its keys', () => {
    const keys = { netKey: UUID, appKey: UUID, deviceKey: UUID, node: '0x0201' };
    expect(rigEntries(entries({ ble: 'ble:hci0', ...keys })).known?.address).to.equal(0x0201);
    const { appKey: _appKey, ...fewer } = keys;
    expect(() => rigEntries(entries({ ble: 'ble:hci0', ...fewer })))
      .to.throw(BenchError)
      .with.nested.property('place.where', 'iut.DFUM.appKey');
  });
  it('refuse a device that nothing tells from another', () => {
    expect(() => rigEntries(entries({ ble: 'ble:hci0' }))).to.throw(/UUID of the device/);
  });
  it('refuse a UUID of wrong length', () => {
    expect(() => rigEntries(entries({ ble: 'ble:hci0', uuid: '0011' }))).to.throw(/16 octets in hex/);
  });
});

describe('record of the mesh network', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-mesh-'));
  after(() => rmSync(folder, { recursive: true }));

  it('is read as it was written', () => {
    const file = join(folder, 'state', 'network.json');
    const network = { ...newNetwork(), node: { uuid: UUID, address: 0x0100, deviceKey: UUID, elements: 2 } };
    writeNetwork(file, network);
    expect(readNetwork(file)).to.deep.equal(network);
  });
  it('is missing where no run was before', () => {
    expect(readNetwork(join(folder, 'none.json'))).to.equal(undefined);
  });
  it('is refused with its file where it is damaged', () => {
    const file = join(folder, 'damaged.json');
    writeFileSync(file, '{"version":1}');
    expect(() => readNetwork(file))
      .to.throw(BenchError)
      .with.nested.property('place.file', file);
  });
});

describe('console of a mesh device', () => {
  const spoken = async (values: Readonly<Record<string, string>>): Promise<string[]> => {
    const lines: string[] = [];
    const console = { ask: (line: string) => Promise.resolve((lines.push(line), 'ok')) };
    await controlOf({ ...entries(values), console }, 100).say('check', { metadata: 'aa', size: 80, firmwareId: 'bb' });
    return lines;
  };
  it('speaks the words of the simulated node unless told', async () => {
    expect(await spoken({})).to.deep.equal(['check aa']);
  });
  it('speaks the mesh shell of Zephyr', async () => {
    expect(await spoken({ dialect: 'zephyr' })).to.deep.equal([
      'mesh models dfu slot add 80 bb aa',
      'mesh models dfu cli target-check 0 0',
    ]);
  });
  it('speaks the words of a vendor', async () => {
    expect(await spoken({ sayCheck: 'fw load {firmwareId}; fw check' })).to.deep.equal(['fw load bb', 'fw check']);
  });
});
