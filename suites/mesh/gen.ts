import { expect } from 'chai';
import { suite } from '../../src/core/case.ts';
import { hexNumber } from '../../src/core/layout/names.ts';
import type { Kind } from '../../src/core/log.ts';
import { valueOf } from '../../src/mesh/codec/access.ts';
import { decodeComposition } from '../../src/mesh/codec/access.ts';
import { modelIds } from '../../src/mesh/codec/enums.ts';
import { compositionStatus } from '../../src/mesh/codec/messages/configuration.ts';
import { decodedOf, sendings } from '../../src/mesh/kinds.ts';
import type { MeshPolicies } from '../../src/mesh/policies.ts';
import type { MeshTester } from '../../src/mesh/tester.ts';
import { type MeshCase, TRIES } from './claims.ts';

/** Page 0 of the Composition Data: the SIG models of each element. */
const elements: Kind<{ readonly models: readonly (readonly number[])[] }> = {
  name: 'Composition Data page 0',
  read(event) {
    if (event.type !== 'mesh.access' || event.dir !== 'in') return undefined;
    const status = valueOf(compositionStatus, decodedOf(event));
    if (status?.page !== 0) return undefined;
    return { models: decodeComposition(status.data).elements.map((e) => e.sig) };
  },
};

/** An element with this model has the other one too. */
function together(n: number, item: string, statement: string, model: number, base: number, what: string): MeshCase {
  return {
    id: `DFUM/GEN/0${n}`,
    purpose: `the element of the ${what} has the BLOB transfer model that it extends`,
    item,
    when: item,
    statements: [statement],
    ...(n === 1 ? { demo: true as const, related: ['DFUM/SR-CL/GEN/BV-01-C'] } : {}),
    start: 'node',
    async drive(t) {
      await t.readComposition('composition', 0);
    },
    judge(j) {
      const seen = j.came(statement, elements, { stimulus: sendings('composition'), tries: TRIES });
      if (seen === undefined) return;
      const own = seen.models.filter((models) => models.includes(model));
      j.check(statement, () => expect(own.length, `elements with ${hexNumber(model, 4)}`).to.be.greaterThan(0), seen);
      for (const models of own)
        j.check(
          statement,
          () =>
            expect(
              models.map((m) => hexNumber(m, 4)),
              'models of the element',
            ).to.include(hexNumber(base, 4)),
          seen,
        );
    },
  };
}

const { BLOB_TRANSFER_SERVER: SERVER, BLOB_TRANSFER_CLIENT: CLIENT } = modelIds;

/** Composition Data. */
export const gen = suite<MeshTester, MeshPolicies>('GEN', [
  together(1, 'DFUM 10/1', 'DFUM-GEN.update-server', modelIds.FIRMWARE_UPDATE_SERVER, SERVER, 'Firmware Update Server'),
  together(
    2,
    'DFUM 20/1',
    'DFUM-GEN.distribution-server',
    modelIds.FIRMWARE_DISTRIBUTION_SERVER,
    SERVER,
    'Firmware Distribution Server',
  ),
  together(3, 'DFUM 30/1', 'DFUM-GEN.update-client', modelIds.FIRMWARE_UPDATE_CLIENT, CLIENT, 'Firmware Update Client'),
  together(
    4,
    'DFUM 40/1',
    'DFUM-GEN.distribution-client',
    modelIds.FIRMWARE_DISTRIBUTION_CLIENT,
    CLIENT,
    'Firmware Distribution Client',
  ),
]);
