# embed_text(OUT NAMESPACE HEADER SYMBOL FILE ...): adds a source to the list in OUT that defines each SYMBOL, declared in HEADER as a
# string_view, with the text of its FILE. Run with -P it writes that source.
if(CMAKE_SCRIPT_MODE_FILE)
  set(text "// Made by third_party/embed.cmake.\n#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n\n")
  string(REPLACE "|" ";" pairs "${PAIRS}")
  while(pairs)
    list(POP_FRONT pairs symbol file)
    file(READ "${file}" content)
    string(APPEND text "const std::string_view ${symbol} = R\"embedded(${content})embedded\";\n\n")
  endwhile()
  file(WRITE "${OUTPUT}" "${text}}  // namespace ${NAMESPACE}\n")
  return()
endif()

set(embed_script ${CMAKE_CURRENT_LIST_FILE})
function(embed_text out namespace header)
  string(MAKE_C_IDENTIFIER "${header}" name)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  set(pairs ${ARGN})
  set(files "")
  set(whole "")
  while(pairs)
    list(POP_FRONT pairs symbol file)
    list(APPEND files ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    list(APPEND whole ${symbol} ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endwhile()
  list(JOIN whole "|" whole)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DNAMESPACE=${namespace} -DHEADER=${CMAKE_CURRENT_SOURCE_DIR}/${header} "-DPAIRS=${whole}"
      -P ${embed_script}
    DEPENDS ${files} ${embed_script} VERBATIM)
  set(${out} ${${out}} ${output} PARENT_SCOPE)
endfunction()
