/* The tables of vector_power.h. */

/* Of the interval i of 32 in which z lies, from 0.70703125 to 1.4140625: about 1 / z in its middle
 * (1 where z may be 1), and the logarithm of its inverse: a multiple of 2^-42. Of the numbers
 * around the middle those are here whose logarithms differ from that by less than 2^-66 of those of
 * the interval. */
static const double inverses[32] = {
    0x1.661ec6980480dp+0, 0x1.5e75bb87e8328p+0, 0x1.571ed3be27227p+0, 0x1.50150158fad79p+0,
    0x1.49539e51f91d4p+0, 0x1.42d662af2cad7p+0, 0x1.3c995a5ed21aap+0, 0x1.3698df31558cap+0,
    0x1.30d18ff7f697ep+0, 0x1.2b404ae63c1eep+0, 0x1.25e226f8e1157p+0, 0x1.20b470e58fb69p+0,
    0x1.1bb4a4218cc2dp+0, 0x1.16e0687e19cbfp+0, 0x1.12358e741599dp+0, 0x1.0db20aa4cac37p+0,
    0x1.0953f3a5e056fp+0, 0x1.05197e2831f78p+0, 0x1.0000000000000p+0, 0x1.f44657260e066p-1,
    0x1.e573ac9a69311p-1, 0x1.d77b652004518p-1, 0x1.ca4b301b329fdp-1, 0x1.bdd2b8b4e3cdfp-1,
    0x1.b20363b87e261p-1, 0x1.a6d01a7d25b0fp-1, 0x1.9c2d14b712ad6p-1, 0x1.920fb489b67e5p-1,
    0x1.886e5f1684178p-1, 0x1.7f405fcb3ea88p-1, 0x1.767dce58c77eap-1, 0x1.6e1f76c60317ep-1,
};

static const double logarithms[32] = {
    -0x1.57bf75173a000p-2,
    -0x1.419b422e79000p-2,
    -0x1.2bef07b946000p-2,
    -0x1.16b5ccd5ec000p-2,
    -0x1.01eae5a94f000p-2,
    -0x1.db13dd148c000p-3,
    -0x1.b31d860b1c000p-3,
    -0x1.8beafe60dc000p-3,
    -0x1.6574eb32c2000p-3,
    -0x1.3fb45af13e000p-3,
    -0x1.1aa2b778a0000p-3,
    -0x1.ec7399e988000p-4,
    -0x1.a4e765af7c000p-4,
    -0x1.5e95a39594000p-4,
    -0x1.1973bcfa68000p-4,
    -0x1.aaef305d40000p-5,
    -0x1.252f359a40000p-5,
    -0x1.432a3eb3c0000p-6,
    0x0.0p+0,
    0x1.7b920a5f10000p-6,
    0x1.b42dd663e8000p-5,
    0x1.51b0756a3c000p-4,
    0x1.c5e54b02a8000p-4,
    0x1.1b72acd400000p-3,
    0x1.526e5fab88000p-3,
    0x1.87fa0603de000p-3,
    0x1.bc28685534000p-3,
    0x1.ef0add204c000p-3,
    0x1.1058bf7c24000p-2,
    0x1.2895a14add000p-2,
    0x1.4043082da9000p-2,
    0x1.5767714285000p-2,
};

/* The same of 16 intervals, the logarithms rounded. */
static const double short_inverses[16] = {
    0x1.6240000000000p+0, 0x1.5390000000000p+0, 0x1.4610000000000p+0, 0x1.3990000000000p+0,
    0x1.2e00000000000p+0, 0x1.2340000000000p+0, 0x1.1940000000000p+0, 0x1.0ff0000000000p+0,
    0x1.0730000000000p+0, 0x1.0000000000000p+0, 0x1.de60000000000p-1, 0x1.c400000000000p-1,
    0x1.ac60000000000p-1, 0x1.9700000000000p-1, 0x1.83c0000000000p-1, 0x1.7240000000000p-1,
};

static const double short_logarithms[16] = {
    -0x1.4c9f09e152c3cp-2, -0x1.214296d0898d2p-2,
    -0x1.ef6f5e338c2b4p-3, -0x1.9f60c068455e5p-3,
    -0x1.526e5e3a1b438p-3, -0x1.08338affa282ap-3,
    -0x1.814be23f8c036p-4, -0x1.eec11bf25b908p-5,
    -0x1.c5a92e1629a74p-6, 0x0.0p+0,
    0x1.163d6ef957a03p-4,  0x1.fe89139dbd566p-4,
    0x1.6d35fee52b83bp-3,  0x1.d60a17f903515p-3,
    0x1.1ca28c64bae54p-2,  0x1.4becf95d97913p-2,
};

/* 2^(i / 16), less i in the bits above 48, so that n in these bits makes 2^(n / 16) of that of i =
 * n mod 16; and by how much of it it is too small. */
static const double powers[16] = {
    0x1.0000000000000p+0, 0x1.fb5586cf9890fp-1, 0x1.f72b83c7d517bp-1, 0x1.f387a6e756238p-1,
    0x1.f06fe0a31b715p-1, 0x1.edea64c123422p-1, 0x1.ebfdad5362a27p-1, 0x1.eab07dd485429p-1,
    0x1.ea09e667f3bcdp-1, 0x1.ea11473eb0187p-1, 0x1.eace5422aa0dbp-1, 0x1.ec49182a3f090p-1,
    0x1.ee89f995ad3adp-1, 0x1.f199bdd85529cp-1, 0x1.f5818dcfba487p-1, 0x1.fa4afa2a490dap-1,
};

static const double power_rests[16] = {
    0x0.0p+0,
    0x1.79aa65d837b6dp-54,
    -0x1.01b15eaa59348p-55,
    0x1.68efde3a8a894p-54,
    0x1.34d754db0abb6p-55,
    0x1.59f48a72a4c6dp-55,
    0x1.690cebb7aafb0p-56,
    0x1.063e1e21c5409p-54,
    -0x1.3b3efbf5e2228p-54,
    -0x1.b32dcb94da51dp-56,
    0x1.db72fc1f0eab4p-55,
    0x1.1affc2b91ce27p-56,
    0x1.c1a7792cb3387p-55,
    0x1.36eae30af0cb3p-56,
    0x1.4a385a63d07a7p-56,
    -0x1.ff7128fd391f0p-55,
};
