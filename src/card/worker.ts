// The worker's door: what Piscina calls on a worker thread, once for each card.

export { burnCard as default } from './burn-card.js';
