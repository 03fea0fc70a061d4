export { ReaderModule } from './reader.module.js';
