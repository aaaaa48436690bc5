// The words that rooms and threads share, as types: nodes, patches, card jobs and results, events.
// Only plain data, so that every value here can be posted to a worker or printed as JSON.

export type * from './protocol/bench.js';
export type * from './protocol/bridge.js';
export * from './protocol/card.js';
export type * from './protocol/disks.js';
export type * from './protocol/events.js';
export type * from './protocol/images.js';
export type * from './protocol/network.js';
export type * from './protocol/node.js';
export type * from './protocol/one-card.js';
export type * from './protocol/probe.js';
export type * from './protocol/records.js';
export type * from './protocol/run.js';
