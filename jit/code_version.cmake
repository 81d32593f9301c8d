# cmake -DSOURCES="a;b;..." -DOUT=header -P code_version.cmake: a header with 64 bits of the contents of the sources.
set(all "")
foreach(source IN LISTS SOURCES)
  file(SHA256 ${source} hash)
  string(APPEND all ${hash})
endforeach()
string(SHA256 hash "${all}")
string(SUBSTRING ${hash} 0 16 hash)
file(WRITE ${OUT} "#define CODE_VERSION UINT64_C(0x${hash})\n")
