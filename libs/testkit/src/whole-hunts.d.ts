/** Whether hunts try everything (jest's project `hunts`, `npm run test:hunts`) or, as in every run of the tests, a sample. */
declare const wholeHunts: boolean;
