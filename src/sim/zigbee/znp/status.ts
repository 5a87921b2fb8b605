/** Statuses of the dongle that a host acts upon. */
export const mtStatus = {
  SUCCESS: 0x00,
  FAILURE: 0x01,
  INVALID_PARAMETER: 0x02,
  /** An item that did not exist was made. */
  NV_ITEM_CREATED: 0x09,
  NV_OPERATION_FAILED: 0x0a,
  /** A frame that no MAC acknowledgement came for. */
  MAC_NO_ACK: 0xe9,
  NWK_NO_ROUTE: 0xcd,
} as const;

/** States of the network layer. */
export const deviceState = { HOLD: 0, COORDINATOR: 9 } as const;

/** How the host names a destination. */
export const addressMode = { GROUP: 1, SHORT: 2, EXTENDED: 3, BROADCAST: 15 } as const;

/** Bit of the options of a data request that asks for an acknowledgement of the far end. */
export const APS_ACKNOWLEDGED = 0x10;
