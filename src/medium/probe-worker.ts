// The worker's door: what Piscina calls on a worker thread to probe a card.

export { probeCard as default } from './probe-card.js';
