import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runPlan } from '../run/run-plan.ts';

/**
 * Runs the whole suite of an Update Server with the controller of the bench on a serial port: noble, serialport, a pseudo-terminal, the virtual radio.
 * Exit code 0 when every case passes. Needs socat.
 */
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** The rig of the simulated node with the other way to the radio. */
function serialRig(): string {
  const rig = readFileSync(join(ROOT, 'rigs/mesh-sim.yaml'), 'utf8');
  const serial = rig
    .replace('{ kind: radio }', '{ kind: radio, serial: true }')
    .replace('"ble:h4:${radio.radio}"', '"ble:h4:${radio.serial}?baud=1000000"');
  if (!serial.includes('serial: true') || !serial.includes('radio.serial'))
    throw new Error('rigs/mesh-sim.yaml has not the lines that are changed here');
  return serial;
}

async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-serial-'));
  try {
    const rig = join(folder, 'rig.yaml');
    writeFileSync(rig, serialRig());
    const { record } = await runPlan({
      ics: join(ROOT, 'ics/declarations/dfu-update-server.yaml'),
      rig,
      out: join(folder, 'reports'),
      state: join(folder, 'state'),
      reports: false,
    });
    const ran = record.cases.filter((c) => c.verdict !== 'NOT_APPLICABLE');
    for (const { id, verdict, reason, durationMs } of ran)
      process.stdout.write(`${verdict}  ${id}  ${(durationMs / 1000).toFixed(1)} s  ${reason?.message ?? ''}\n`);
    const passed = ran.filter((c) => c.verdict === 'PASS').length;
    process.stdout.write(`${passed} of ${ran.length} cases pass over a serial port\n`);
    return passed === ran.length && passed > 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
