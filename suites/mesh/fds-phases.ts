import { expect } from 'chai';
import { nameOf } from '../../src/core/layout/names.ts';
import { distributionPhase, distributionStatus } from '../../src/mesh/codec/enums.ts';
import {
  distributionApply,
  distributionCancel,
  distributionGet,
  distributionStart,
  distributionStatusMessage,
  distributionSuspend,
  firmwareDelete,
  firmwareDeleteAll,
  firmwareStatus,
  receiversAdd,
  receiversStatus,
} from '../../src/mesh/codec/messages/distribution.ts';
import { blobBlockStart } from '../../src/mesh/codec/messages/blob.ts';
import { answer, message } from '../../src/mesh/kinds.ts';
import { distributionServerTable } from '../../src/mesh/tables.ts';
import { byTable, type J, type MeshCase, reply, shows } from './claims.ts';
import { started } from './client-drive.ts';
import {
  DISTRIBUTING,
  distributionValue,
  DISTRIBUTOR,
  stalled,
  TARGETS,
  untilPhase,
  reaches,
  start,
} from './distributing.ts';
import { type T } from './moves.ts';

const NAMES = { status: distributionStatus, phase: distributionPhase };
const { SUCCESS } = distributionStatus;
const { TRANSFER_ACTIVE, TRANSFER_SUCCESS, APPLYING_UPDATE, COMPLETED, TRANSFER_SUSPENDED, CANCELING_UPDATE, IDLE } =
  distributionPhase;
/** Suspend, Start, Cancel and deletion in the phases of a distribution. */
export const distributionPhaseCases: readonly MeshCase[] = [
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/15',
    purpose: 'a suspended distribution goes on after the same Start',
    statements: ['DFUM-D.suspend'],
    ixit: DISTRIBUTING,
    async drive(t) {
      const to = t.element('distribution');
      await t.ask('suspend idle', to, distributionSuspend, {});
      const value = await stalled(t);
      await blocked(t);
      await t.ask('suspend', to, distributionSuspend, {});
      await t.ask('suspended', to, distributionGet, {});
      await t.ask('same start', to, distributionStart, value);
      await t.ask('resumed', to, distributionGet, {});
    },
    judge(j) {
      const S = 'DFUM-D.suspend';
      byTable(j, S, distributionStatusMessage, 'suspend idle', distributionServerTable, 'Suspend', IDLE);
      if (!wasStarted(j, S) || suspendedEarly(j, S)) return;
      byTable(j, S, distributionStatusMessage, 'suspend', distributionServerTable, 'Suspend', TRANSFER_ACTIVE);
      shows(j, S, distributionStatusMessage, 'suspended', NAMES, { status: SUCCESS, phase: TRANSFER_SUSPENDED });
      byTable(
        j,
        S,
        distributionStatusMessage,
        'same start',
        distributionServerTable,
        'Start, same parameters',
        TRANSFER_SUSPENDED,
      );
      shows(j, S, distributionStatusMessage, 'resumed', NAMES, { status: SUCCESS, phase: TRANSFER_ACTIVE });
    },
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/16',
    purpose: 'Start is answered as the phase and its parameters ask for',
    statements: ['DFUM-D.start-phases', 'DFUM-D.receivers'],
    ixit: DISTRIBUTING,
    policies: ['identicalStart', 'receiversOutsideIdle'],
    related: [
      'DFUM/SR/FD/BV-27-C',
      'DFUM/SR/FD/BV-28-C',
      'DFUM/SR/FD/BV-30-C',
      'DFUM/SR/FD/BV-31-C',
      'DFUM/SR/FD/BV-32-C',
      'DFUM/SR/FD/BV-33-C',
    ],
    async drive(t) {
      const to = t.element('distribution');
      const both = async (name: string, value: Awaited<ReturnType<typeof stalled>>): Promise<void> => {
        await t.ask(`other in ${name}`, to, distributionStart, { ...value, ttl: value.ttl + 1 });
        await t.ask(`same in ${name}`, to, distributionStart, value);
      };
      const value = await stalled(t);
      await blocked(t);
      await both('active', value);
      await t.ask('suspend', to, distributionSuspend, {});
      await t.ask('other in suspended', to, distributionStart, { ...value, ttl: value.ttl + 1 });
      await t.internals.settle();
      await t.internals.idle();
      await start(t, TARGETS, []);
      const { image } = value;
      const again = distributionValue(t, image);
      if ((await untilPhase(t, 'distributing', [TRANSFER_SUCCESS])) !== TRANSFER_SUCCESS)
        t.stop('the distribution did not come to Transfer Success');
      await both('success', again);
      // One that is there already: whatever the answer, the list stays as it is.
      await t.ask('add in success', to, receiversAdd, { receivers: [{ address: TARGETS[0], image: 0 }] });
      await t.ask('apply', to, distributionApply, {});
      if ((await untilPhase(t, 'applying', [COMPLETED])) !== COMPLETED)
        t.stop('the distribution did not come to Completed');
      await t.ask('same in completed', to, distributionStart, again);
      await t.ask('other in completed', to, distributionStart, { ...again, ttl: again.ttl + 1 });
    },
    judge(j) {
      const S = 'DFUM-D.start-phases';
      const same = (name: string, phase: number): void => {
        const busy =
          j.policy.identicalStart === 'either' &&
          j.log.first(answer(distributionStatusMessage, `same in ${name}`))?.value?.status !== SUCCESS;
        if (busy) j.note(`the same Start in ${name} is refused`);
        else
          byTable(
            j,
            S,
            distributionStatusMessage,
            `same in ${name}`,
            distributionServerTable,
            'Start, same parameters',
            phase,
          );
      };
      const other = (name: string, phase: number): void =>
        void byTable(
          j,
          S,
          distributionStatusMessage,
          `other in ${name}`,
          distributionServerTable,
          'Start, other parameters',
          phase,
        );
      other('active', TRANSFER_ACTIVE);
      same('active', TRANSFER_ACTIVE);
      if (j.log.first(answer(distributionStatusMessage, 'suspend'))?.value?.phase === TRANSFER_SUSPENDED)
        other('suspended', TRANSFER_SUSPENDED);
      other('success', TRANSFER_SUCCESS);
      same('success', TRANSFER_SUCCESS);
      receiversInSuccess(j);
      same('completed', COMPLETED);
      other('completed', COMPLETED);
    },
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/17',
    purpose: 'Cancel ends a distribution in every phase, and leads to Idle',
    statements: ['DFUM-D.cancel'],
    ixit: DISTRIBUTING,
    policies: ['cancelWhileApplying'],
    async drive(t) {
      const to = t.element('distribution');
      const cancel = async (name: string): Promise<void> => {
        await t.ask(`before ${name}`, to, distributionGet, {});
        t.mark(`cancel ${name}`);
        await t.ask(`cancel ${name}`, to, distributionCancel, {});
        await untilPhase(t, `after ${name}`, [IDLE]);
        await t.internals.settle();
        await t.internals.idle();
      };
      await t.ask('cancel idle', to, distributionCancel, {});
      await stalled(t);
      await cancel('active');
      await start(t, TARGETS, []);
      await untilPhase(t, 'verified', [TRANSFER_SUCCESS]);
      await cancel('success');
      // Applying lasts long enough to be cancelled in.
      await start(t, TARGETS, [], {}, { applyMs: t.real({ timer: 'quiet', times: 5 }) });
      if ((await untilPhase(t, 'verified again', [TRANSFER_SUCCESS])) === TRANSFER_SUCCESS) {
        await t.ask('apply', to, distributionApply, {});
        await cancel('applying');
      }
    },
    judge(j) {
      const S = 'DFUM-D.cancel';
      byTable(j, S, distributionStatusMessage, 'cancel idle', distributionServerTable, 'Cancel', IDLE);
      for (const [name, phase] of [
        ['active', TRANSFER_ACTIVE],
        ['success', TRANSFER_SUCCESS],
        ['applying', APPLYING_UPDATE],
      ] as const)
        judgeCancel(j, S, name, phase);
    },
  },
  {
    ...DISTRIBUTOR,
    id: 'DFUM/FDS/18',
    purpose: 'images are not deleted while a distribution runs',
    statements: ['DFUM-D.delete-busy'],
    ixit: DISTRIBUTING,
    async drive(t) {
      const to = t.element('distribution');
      await stalled(t);
      await t.ask('delete', to, firmwareDelete, { firmwareId: t.octets('firmwareIdA') });
      await t.ask('delete all', to, firmwareDeleteAll, {});
      await t.ask('still running', to, distributionGet, {});
    },
    judge(j) {
      const S = 'DFUM-D.delete-busy';
      if (!wasStarted(j, S)) return;
      shows(j, S, distributionStatusMessage, 'still running', NAMES, { status: SUCCESS, phase: TRANSFER_ACTIVE });
      for (const label of ['delete', 'delete all'])
        byTable(j, S, firmwareStatus, label, distributionServerTable, 'Firmware Delete', TRANSFER_ACTIVE);
    },
  },
];

/** Waits until the distributor has come to the block at which the targets fall silent. */
async function blocked(t: T): Promise<void> {
  await t.perhaps(message(blobBlockStart), { timer: 'reply' });
}

/** The distribution of the case was accepted; inconclusive otherwise. */
function wasStarted(j: J, statement: string): boolean {
  if (j.log.first(started) !== undefined) return true;
  j.inconclusive(statement, 'the distribution was not started');
  return false;
}

/** The transfer could not be suspended, because it had not come to its first block: nothing is proven then. */
function suspendedEarly(j: J, statement: string): boolean {
  const seen = j.log.first(answer(distributionStatusMessage, 'suspend'));
  if (seen?.value?.status !== distributionStatus.SUSPEND_FAILED) return false;
  if (j.log.before(seen.asked).first(message(blobBlockStart)) !== undefined) return false;
  j.inconclusive(statement, 'the transfer had not come to its first block when it was to be suspended');
  return true;
}

function judgeCancel(j: J, statement: string, name: string, phase: number): void {
  const before = j.log.first(answer(distributionStatusMessage, `before ${name}`));
  if (before?.value?.phase !== phase)
    return j.inconclusive(statement, `the device was not seen in ${nameOf(distributionPhase, phase)}`);
  const cancelled = shows(
    j,
    statement,
    distributionStatusMessage,
    `cancel ${name}`,
    { status: distributionStatus },
    { status: SUCCESS },
  );
  if (cancelled === undefined) return;
  const over = [CANCELING_UPDATE, IDLE].map((p) => nameOf(distributionPhase, p));
  j.check(
    statement,
    () => expect(over, `phase after Cancel in ${name}`).to.include(nameOf(distributionPhase, cancelled.value.phase)),
    cancelled,
  );
  reaches(j, statement, `after ${name}`, IDLE);
  if (name !== 'applying' || j.policy.cancelWhileApplying !== 'two') return;
  const statuses = j.log.after(`cancel ${name}`).all(message(distributionStatusMessage));
  j.check(
    statement,
    () =>
      expect(
        statuses.slice(0, 2).map((s) => s.value.phase),
        'phases of the two Status messages',
      ).to.deep.equal([CANCELING_UPDATE, IDLE]),
    statuses[0],
  );
}

/** Receivers Add in Transfer Success is answered as policy MESH-P9 says. */
function receiversInSuccess(j: J): void {
  const seen = reply(j, 'DFUM-D.receivers', receiversStatus, 'add in success');
  if (seen === undefined) return;
  const { BUSY_WITH_DISTRIBUTION } = distributionStatus;
  const allowed = {
    success: [SUCCESS],
    '7': [BUSY_WITH_DISTRIBUTION],
    either: [SUCCESS, BUSY_WITH_DISTRIBUTION],
  }[j.policy.receiversOutsideIdle];
  const shown = allowed.map((status) => nameOf(distributionStatus, status));
  j.check(
    'DFUM-D.receivers',
    () =>
      expect(shown, 'status of Receivers Add in Transfer Success').to.include(
        nameOf(distributionStatus, seen.value.status),
      ),
    seen,
  );
}
