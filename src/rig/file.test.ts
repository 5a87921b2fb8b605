import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { InputErrors, printError } from '../core/errors.ts';
import { loadRig, refuseShortTimers } from './file.ts';
import { capabilities, type Rig } from './rig.ts';

describe('rig file', () => {
  let folder = '';
  before(() => (folder = mkdtempSync(join(tmpdir(), 'plumbline-rig-'))));
  after(() => rmSync(folder, { recursive: true }));
  const load = (text: string): Rig => {
    const file = join(folder, 'rig.yaml');
    writeFileSync(file, text);
    return loadRig(file);
  };
  /** The complaints, without the folder. */
  const complaints = (text: string): string[] => {
    try {
      load(text);
    } catch (e) {
      if (e instanceof InputErrors) return e.errors.map((x) => printError(x).replace(`${folder}/`, ''));
      throw e;
    }
    return [];
  };

  const SIMULATED = `rig: sim
time: { protocol: 0.05, link: 0.5 }
resources:
  device: { kind: process, sim: ocf, options: { nv: true, slots: 2 } }
iut:
  OCFSWU: { endpoint: "\${device.iut}" }
`;

  it('reads a simulated rig; its process is the power switch', () => {
    const rig = load(SIMULATED);
    expect(rig.name).to.equal('sim');
    expect([...capabilities(rig)]).to.deep.equal(['power']);
    expect(rig.data.resources['device']).to.deep.include({ options: { nv: 'true', slots: '2' }, seed: 1 });
    expect(rig.digest).to.match(/^[0-9a-f]{64}$/);
  });

  it('reads a device that is named by its id and the interface to look for it', () => {
    const id = '12345678-1234-4234-8234-123456789abc';
    const rig = load(`rig: lan\niut:\n  OCFSWU: { iut: { device: ${id}, interface: eth0 } }\n`);
    expect(rig.data.iut['OCFSWU']).to.deep.equal({ iut: `ocf://${id}?interface=eth0` });
    expect(complaints(`rig: lan\niut:\n  OCFSWU: { iut: { device: ${id} } }\n`)).to.have.lengthOf(1);
  });

  it('reads a bench with a power command, a reset line and a console', () => {
    const rig = load(`rig: bench
bootS: 20
resources:
  relay: { kind: power, by: command, on: relay on, off: relay off }
  shell: { kind: console, url: "serial:/dev/ttyUSB0?baud=115200", newline: crlf, ignore: ["^uart:~\\\\$"] }
  button: { kind: reset, by: console, console: shell, line: kernel reboot }
iut:
  OCFSWU: { deviceId: 12345678-0000-4000-8000-000000000000, interface: eth0, key: "file:key.hex" }
`);
    expect(rig.parts).to.deep.equal({ power: 'relay', reset: 'button', console: 'shell' });
    expect(rig.data.iut['OCFSWU']?.['key']).to.equal(`file:${join(folder, 'key.hex')}`);
  });

  it('reports every slip at once, each with line and column', () => {
    expect(
      complaints(`rig: two words
time: { protocol: 2 }
resources:
  device: { kind: proces, sim: ocf }
  relay: { kind: power, by: command, on: x }
iut:
  OCFSWU: { endpoint: [1] }
extra: 1
`),
    ).to.deep.equal([
      'rig.yaml:1:6: expected a name of letters, digits, - and _, beginning with a letter; found the string "two words"',
      'rig.yaml:2:19: expected a factor of at most 1 (1 = real time); found the number 2',
      `rig.yaml:4:19: Invalid discriminator value. Expected 'process' | 'power' | 'reset' | 'console' | 'radio'; found the string "proces"`,
      'rig.yaml:5:10: resources.relay.off is missing',
      'rig.yaml:7:23: expected a text, or a device with its interface; found a list',
      'rig.yaml:8:1: unknown key extra',
    ]);
  });

  it('refuses references to what is not there, naming the nearest', () => {
    expect(complaints(SIMULATED.replace('${device.iut}', '${devise.iut}'))[0]).to.match(
      /rig.yaml:6:23: no resource devise; the nearest known name is device/,
    );
    expect(
      complaints(`rig: r
resources:
  a: { kind: process, sim: ocf, options: { radio: "\${b.h4}" } }
  b: { kind: process, sim: radio }
use: { power: a }
iut: { OCFSWU: { endpoint: "\${a.iut}" } }
`),
    ).to.deep.equal(['rig.yaml:3:51: b stands below this resource; a reference reaches only what stands above']);
  });

  it('asks which one, where two resources could be the power switch', () => {
    const two = SIMULATED.replace('resources:\n', 'resources:\n  relay: { kind: power, by: hand }\n');
    expect(complaints(two)[0]).to.contain('relay and device could each be the power');
    expect(load(`${two}use: { power: relay }\n`).parts.power).to.equal('relay');
  });

  describe('time factors', () => {
    it('are 1 with a real device', () => {
      expect(complaints(SIMULATED.replace('"${device.iut}"', 'coap://10.0.0.7:5683'))).to.deep.equal([
        'rig.yaml:2:7: iut.OCFSWU is a real device and cannot follow a scaled clock: both factors must be 1',
        'rig.yaml:6:23: coap://10.0.0.7:5683 is a real link; with factors other than 1 it must come from a simulated device',
      ]);
    });
    it('are 1 with a device in software that is not ours', () => {
      expect(complaints(SIMULATED.replace('sim: ocf', 'command: [./device]'))[0]).to.contain(
        'device is not a simulated device of Plumbline and cannot follow a scaled clock',
      );
    });
    it('must not scale a timer below 50 ms', () => {
      const rig = load(SIMULATED);
      const row = { ms: 900, class: 'protocol', clause: 'c' } as const;
      expect(() => refuseShortTimers(rig, { OCFSWU: { answer: row } })).to.throw(
        /OCFSWU timer answer: 900 ms × 0.05 = 45 ms, less than the 50 ms/,
      );
      expect(() => refuseShortTimers(rig, { OCFSWU: { answer: { ...row, ms: 1000 } } })).to.not.throw();
    });
  });
});
