import { expect } from 'chai';
import { reachable } from '../core/moves.ts';
import { blobMoves, distributionMoves, updateMoves, uploadMoves } from './checksAndMoves.ts';
import { blobPhase, blobStatus, distributionPhase, updatePhase, uploadPhase } from './codec/enums.ts';
import {
  blobServerTable,
  cellAt,
  distributionServerTable,
  replyTables,
  type ReplyTable,
  updateServerTable,
} from './tables.ts';

describe('reply tables', () => {
  for (const table of replyTables as readonly ReplyTable[]) {
    it(`${table.name}: every row has a cell for every column, and every cell can be read`, () => {
      for (const [row, cells] of Object.entries(table.rows)) {
        expect(cells.length, row).to.equal(table.columns.length);
        for (const name of table.columns) {
          const phases: Readonly<Record<string, number>> = table.phase;
          const cell = cellAt(table, row, phases[name] ?? -1);
          if (cell.kind !== 'status') continue;
          expect(cell.status, `${row} in ${name}: ${cell.text}`).to.be.within(0, 15);
          if (cell.next !== undefined) expect(Object.values(phases), cell.text).to.include(cell.next);
        }
      }
    });
  }

  it('takes a cell apart: status, next phase, policy', () => {
    expect(cellAt(blobServerTable, 'Block Get', blobPhase.TRANSFER_SUSPENDED)).to.deep.equal({
      kind: 'status',
      text: 'INFORMATION_UNAVAILABLE',
      status: blobStatus.INFORMATION_UNAVAILABLE,
    });
    expect(cellAt(updateServerTable, 'Apply', updatePhase.VERIFICATION_SUCCEEDED)).to.deep.include({
      status: 0,
      next: 6,
    });
    expect(cellAt(distributionServerTable, 'Cancel', distributionPhase.APPLYING_UPDATE)).to.deep.include({
      next: 6,
      policy: 'MESH-P22',
    });
    expect(cellAt(updateServerTable, 'Get', updatePhase.UNKNOWN).kind).to.equal('impossible');
    expect(cellAt(updateServerTable, 'Information Get', updatePhase.APPLYING_UPDATE).kind).to.equal('ignored');
  });

  it('every phase change that a cell announces is an allowed move', () => {
    const moves = [
      [blobServerTable, blobMoves],
      [updateServerTable, updateMoves],
      [distributionServerTable, distributionMoves],
    ] as const;
    for (const [table, allowed] of moves) {
      const steps: Readonly<Record<string, readonly string[] | undefined>> = allowed;
      for (const [row, cells] of Object.entries(table.rows)) {
        for (const [i, text] of cells.entries()) {
          const next = / > (\w+)/.exec(text)?.[1];
          const from = table.columns[i];
          if (next !== undefined && from !== undefined && next !== from)
            expect(steps[from], `${row}: ${from} > ${next}`).to.include(next);
        }
      }
    }
  });
});

describe('phase moves', () => {
  it('a poll may miss phases, but not go back', () => {
    const { TRANSFER_ACTIVE, VERIFICATION_SUCCEEDED, APPLYING_UPDATE, IDLE } = updatePhase;
    expect(reachable(updateMoves, updatePhase, TRANSFER_ACTIVE).has(VERIFICATION_SUCCEEDED)).to.equal(true);
    expect([...reachable(distributionMoves, distributionPhase, distributionPhase.CANCELING_UPDATE)]).to.include(IDLE);
    expect(reachable(uploadMoves, uploadPhase, uploadPhase.IDLE).size).to.equal(4);
    expect(reachable({}, updatePhase, APPLYING_UPDATE).size).to.equal(1);
  });
});
