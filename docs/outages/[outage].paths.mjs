import { outages } from '../.vitepress/outages.mjs';

export default { paths: outages };
