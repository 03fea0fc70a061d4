// Two decisions for the hunt's own control: a test looks at the first, and only runs the second.
export const isAdult = (age: number): boolean => age >= 18;
export const isChild = (age: number): boolean => age < 18;
