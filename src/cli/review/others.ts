import type { Seeded } from './seeded.ts';

const on =
  (spec: string, ics: string, rig: string) =>
  (fault: string, id: string, statement: string, packet: RegExp, says: RegExp): Seeded => ({
    ics: `ics/declarations/${ics}.yaml`,
    rig: `rigs/${rig}.yaml`,
    fault,
    case: `${spec}/${id}`,
    statement,
    packet,
    says,
  });

const lwm2m = on('SWMGMT', 'lwm2m-client', 'lwm2m-sim');
const mesh = on('DFUM', 'dfu-update-server', 'mesh-sim');
const zigbee = on('ZBOTA', 'zigbee-client', 'zigbee-sim');

/** The same for the standards that came after OCF: their printers must show packets as well as the first one's. */
export const OTHER_SEEDED: readonly Seeded[] = [
  lwm2m(
    'package-readable',
    'REG/06',
    'SWMGMT-9.no-read',
    /read \/9\/0\/2 \(resource 2\)\n>.*◀ 2\.05 Content Package \(2\)/,
    /observed 2\.05 because answer to read \(resource 2\)/,
  ),
  lwm2m(
    'jumps-to-installed',
    'DLP/01',
    'SWMGMT-S.push',
    /write \/9\/0\/2 \(push\).*\n>.*◀ 2\.04 Changed/,
    /expected DELIVERED within .* because no DELIVERED after accepted write/,
  ),
  lwm2m(
    'activate-toggles',
    'ACT/06',
    'SWMGMT-S.activate-again',
    />.*◀ .*Activation State \(12\) false/,
    /expected 4\/2\/1 observed 4\/2\/0 because state, result, activation/,
  ),
  mesh(
    'transfer-start-any-id',
    'BLB-S/04',
    'MBTM-S.start-other-blob',
    /Transfer Start: .*\(other\)\n>.*◀ .*BLOB Transfer Status: status=SUCCESS/,
    /expected WRONG_BLOB_ID \(0x06\) observed SUCCESS \(0x00\)/,
  ),
  mesh(
    'missing-chunks-from-one',
    'BLB-S/14',
    'MBTM-S.missing',
    /Block Get \(gaps\)\n>.*◀ .*BLOB Block Status: .*missing=\{2 4\}/,
    /expected 1 3 observed 2 4 because missing chunks/,
  ),
  mesh(
    'verification-skipped',
    'FUS/10',
    'DFUM-U.corrupt',
    /(?:Update Get \(verifying\)|phase=VERIFYING_UPDATE .*)\n>.*◀ .*phase=VERIFICATION_SUCCEEDED/,
    /expected VERIFICATION_FAILED \(0x05\) observed VERIFICATION_SUCCEEDED \(0x04\)/,
  ),
  zigbee(
    'queries-other-type',
    'CLI/030',
    'ZBOTA-CLI.030',
    />.*◀ #\d+ Query Next Image Request: .*imageType=0x0777/,
    /expected 0x1234 0x0001 .* observed 0x1234 0x0777/,
  ),
  zigbee(
    'lost-block-restarts',
    'CLI/060',
    'ZBOTA-CLI.060',
    /◀ .*fileOffset=252,.*\n>.*◀ #\d+ Image Block Request: .*fileOffset=0,/,
    /expected 252 observed 0 because offset asked for after the lost answer/,
  ),
  zigbee(
    'takes-foreign-maker',
    'CLI/034',
    'ZBOTA-CLI.034',
    />.*◀ #\d+ Image Block Request: .*manufacturerCode=0x1235/,
    /expected no request for data .* because request for data after offer/,
  ),
];
