/** Items that select and place cases. */
export const ITEM = {
  UPDATE_SERVER: 'DFUM 3/1',
  DISTRIBUTION_SERVER: 'DFUM 3/2',
  UPDATE_CLIENT: 'DFUM 3/3',
  DISTRIBUTION_CLIENT: 'DFUM 3/4',
  UPDATE_BLOB: 'DFUM 10/1',
  UPDATE_PULL: 'DFUM 11/1',
  UPDATE_PUSH: 'DFUM 11/2',
  UPLOAD_BLOB: 'DFUM 20/1',
  UPLOAD_PULL: 'DFUM 21/1',
  UPLOAD_PUSH: 'DFUM 21/2',
  OOB: 'DFUM 22/1',
  HTTPS: 'DFUM 22/2',
  IMAGES: 'DFUM 22/3',
  BLOB_SERVER: 'MBTM 3/1',
  BLOB_CLIENT: 'MBTM 3/2',
  BLOB_PULL: 'MBTM 10/1',
  BLOB_PUSH: 'MBTM 10/2',
} as const;

/** A BLOB Transfer Server is tried once for each model that it serves: prepared by Update Start, or by Upload Start. */
export const SERVERS = {
  any: { update: { when: ITEM.UPDATE_BLOB }, upload: { when: ITEM.UPLOAD_BLOB } },
  push: { update: { when: ITEM.UPDATE_PUSH }, upload: { when: ITEM.UPLOAD_PUSH } },
  pull: { update: { when: ITEM.UPDATE_PULL }, upload: { when: ITEM.UPLOAD_PULL } },
} as const;
