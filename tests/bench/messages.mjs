// Invented patients' laboratory results, as a hospital's interface engine sends them; the same seed gives the same messages.

const perPatient = 10;
const sensitiveEvery = 10;
const names = ['Berg', 'Chen', 'Diallo', 'Fischer', 'Garcia', 'Ivanova', 'Kimura', 'Okafor', 'Silva', 'Wang'];
const ordinary = [
  ['2951-2', 'Sodium', 'mmol/L', '136-145', 140],
  ['2823-3', 'Potassium', 'mmol/L', '3.5-5.1', 4],
  ['2160-0', 'Creatinine', 'mg/dL', '0.6-1.2', 1],
  ['2345-7', 'Glucose', 'mg/dL', '70-99', 90],
];

const observation = ([code, name, unit, range, value], n, i) =>
  `OBX|${i + 1}|NM|${code}^${name}^LN||${value + ((n + i) % 9) / 10}|${unit}|${range}|N|||F|||20261121080000+0800`;

/** @returns a function from a number to a message: ten of a patient, each tenth with a sensitive result */
export function messagesOf(seed) {
  return (n) => {
    const person = Math.floor(n / perPatient) + seed * 1_000_000;
    const id = String(person).padStart(10, '0');
    const name = `${names[person % names.length]}^Given${person % 97}`;
    const sensitive = n % sensitiveEvery === sensitiveEvery - 1;
    const segments = [
      `MSH|^~\\&|LAB|HARBOR|MEDSHARE|EAST|20261121083000+0800||ORU^R01^ORU_R01|B${seed}-${n}|P|2.5.1|||||||UNICODE UTF-8`,
      `PID|1||HB${id}^^^HARBOR^MR~11010119${id}^^^EAST&urn:medshare:east:citizen&URI^NI||${name}||19900307|F`,
      `PV1|1|O|CLINIC^^^HARBOR||||||||||||||||V${id}^^^HARBOR^VN`,
      `OBR|1|P${n}^LAB|F${n}^LAB|24323-8^Comprehensive metabolic panel^LN|||20261121080000+0800`,
      ...ordinary.map((each, i) => observation(each, n, i)),
    ];
    if (sensitive)
      segments.push('OBX|5|CWE|75622-1^HIV 1 and 2 tests^LN||260385009^Negative^SCT||||||F|||20261121080000+0800');
    return Buffer.from(`${segments.join('\r')}\r`);
  };
}
